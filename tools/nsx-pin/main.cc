#include <array>

#include "common/report.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

namespace {

constexpr std::array kCode{
    cli::CommandCode{&kLs, list},
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
