#include <array>

#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::array kCode{
    cli::CommandCode{&kAdd, add},           cli::CommandCode{&kRm, remove},
    cli::CommandCode{&kLs, list},           cli::CommandCode{&kExec, execute},
    cli::CommandCode{&kIdentify, identify}, cli::CommandCode{&kPids, pids},
    cli::CommandCode{&kMv, rename},         cli::CommandCode{&kGc, collect},
    cli::CommandCode{&kConnect, connect},   cli::CommandCode{&kSetId, set_id},
    cli::CommandCode{&kIds, ids},           cli::CommandCode{&kMonitor, monitor},
    cli::CommandCode{&kWaitFor, wait},
};
static_assert(cli::is_complete(kSuite, kCode));

int run(int argc, char** argv) {
  return cli::run_command(kSuite, kCode, argc, argv);
}

}  // namespace

}  // namespace nsx::pin_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::pin_tool::kSuite.tool, nsx::pin_tool::run, argc, argv);
}
