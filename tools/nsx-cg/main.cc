#include <array>

#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"

namespace nsx::cg_tool {

namespace {

constexpr std::array kCode{
    cli::CommandCode{&kLs, list},         cli::CommandCode{&kTree, tree},
    cli::CommandCode{&kTop, top},         cli::CommandCode{&kRun, run},
    cli::CommandCode{&kExec, exec},       cli::CommandCode{&kCreate, create},
    cli::CommandCode{&kRm, remove},       cli::CommandCode{&kMv, move},
    cli::CommandCode{&kKillTable, kill},  cli::CommandCode{&kFreeze, freeze},
    cli::CommandCode{&kThaw, thaw},       cli::CommandCode{&kWait, wait},
    cli::CommandCode{&kReclaim, reclaim}, cli::CommandCode{&kDelegate, delegate},
    cli::CommandCode{&kSet, set},         cli::CommandCode{&kGet, get},
    cli::CommandCode{&kExplain, explain}, cli::CommandCode{&kExport, export_},
    cli::CommandCode{&kApply, apply},     cli::CommandCode{&kWhich, which},
};
static_assert(cli::is_complete(kSuite, kCode));

int run_tool(int argc, char** argv) {
  return cli::run_command(kSuite, kCode, argc, argv);
}

}  // namespace

}  // namespace nsx::cg_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::cg_tool::kSuite.tool, nsx::cg_tool::run_tool, argc, argv);
}
