// SPDX-License-Identifier: MIT
#include "common/report.hh"
#include "nsx-cg/commands.hh"

namespace nsx::cg_tool {

namespace {

int run_tool(int argc, char** argv) {
  return cli::run_command(kSuite, argc, argv);
}

}  // namespace

}  // namespace nsx::cg_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::cg_tool::kSuite.tool, nsx::cg_tool::run_tool, argc, argv);
}
