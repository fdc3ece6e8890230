// SPDX-License-Identifier: MIT
#include "common/report.hh"
#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

namespace {

int run(int argc, char** argv) {
  return cli::run_command(kSuite, argc, argv);
}

}  // namespace

}  // namespace nsx::pin_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::pin_tool::kSuite.tool, nsx::pin_tool::run, argc, argv);
}
