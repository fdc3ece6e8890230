#include <clocale>

#include "common/report.hh"
#include "common/style.hh"
#include "nsx-ls/list.hh"
#include "nsx-ls/options.hh"
#include "nsx-ls/request.hh"
#include "nsx-ls/views.hh"

namespace nsx::ls_tool {

namespace {

ViewRequest view_request(const Options& options, const cli::CommandLine& line) {
  ViewRequest request;
  request.kinds = options.kinds;
  request.process = options.process;
  request.columns = options.columns;
  request.list = options.list;
  request.targets.assign(line.operands.begin(), line.operands.end());
  request.table = options.table;
  if (options.json) request.table.format = cli::TableFormat::json;
  if (options.raw) request.table.format = cli::TableFormat::raw;
  return request;
}

int print_features() {
  const auto kernel = cli::open_kernel();
  if (!kernel) {
    cli::report(kTool, kernel.error());
    return 1;
  }
  std::string text;
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    const auto feature = static_cast<Feature>(i);
    text += std::string(name(feature)) + (kernel->has(feature) ? " yes\n" : " no\n");
  }
  return cli::print(kTool, text);
}

int run(int argc, char** argv) {
  // For the width of names and the lines of the tree; messages stay as they are.
  std::setlocale(LC_CTYPE, "");
  auto line = cli::parse(kTool, argc, argv);
  if (!line) return cli::usage_error(kTool, line.error());
  if (const auto status = cli::answer_help(kTool, *line)) return *status;
  if (line->has(kFeatures)) return print_features();

  Options options;
  options.table.color = cli::wants_color(nullptr).value();
  for (const cli::Given& given : line->options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kTool, done.error());
  }
  ViewRequest view = view_request(options, *line);
  if (const auto status = show_view(*line, view)) return *status;
  options.process = view.process;
  auto request = make_request(options);
  if (!request) return cli::usage_error(kTool, request.error());
  if (const auto done = show_list(std::move(*request)); !done) {
    cli::report(kTool, done.error());
    return 1;
  }
  return cli::finish_stdout(kTool);
}

}  // namespace

}  // namespace nsx::ls_tool

int main(int argc, char** argv) {
  return nsx::cli::guarded_main(nsx::ls_tool::kTool, nsx::ls_tool::run, argc, argv);
}
