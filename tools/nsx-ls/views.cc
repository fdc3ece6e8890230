#include "nsx-ls/views.hh"

#include <array>

#include "common/report.hh"
#include "nsx-ls/compare.hh"
#include "nsx-ls/limits.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

struct View {
  int option;
  std::string_view takes;  ///< the letters of the options that go with it
  std::size_t targets_from, targets_to;
  Result<int> (*show)(const ViewRequest&);
  int failed;  ///< the exit status where something failed
};

constexpr std::size_t kMany = ~std::size_t{0};

constexpr std::array kViews{
    View{kCompare, "Jnrt", 2, kMany, show_compare, kCannotCompare},
    View{kLimits, "Jnrt", 0, 0, show_limits, 1},
};

std::string spelled(const cli::Option& option) {
  return std::string("--") + option.name;
}

/// Whether the options and operands go together with the view, which `chosen` has asked for.
Status check(const View& view, const cli::Option& chosen, const cli::CommandLine& line) {
  for (const cli::Given& given : line.options) {
    if (given.option->id == view.option) continue;
    if (view.takes.find(given.option->letter()) == std::string_view::npos) {
      return refuse("use " + spelled(chosen) + " and", spelled(*given.option),
                    "they exclude each other");
    }
  }
  if (line.operands.size() < view.targets_from) {
    return refuse("use", spelled(chosen), "it needs two targets or more");
  }
  if (line.operands.size() > view.targets_to) {
    return refuse("use", line.operands[view.targets_to], "no operand is expected");
  }
  return {};
}

int show(const View& view, const ViewRequest& request) {
  const auto answer = view.show(request);
  if (!answer) {
    cli::report(kTool, answer.error());
    return view.failed;
  }
  return cli::finish_stdout(kTool) == 0 ? *answer : view.failed;
}

}  // namespace

std::optional<int> show_view(const cli::CommandLine& line, const ViewRequest& request) {
  for (const View& view : kViews) {
    for (const cli::Given& given : line.options) {
      if (given.option->id != view.option) continue;
      if (const auto ok = check(view, *given.option, line); !ok) {
        return cli::usage_error(kTool, ok.error());
      }
      return show(view, request);
    }
  }
  if (line.operands.empty()) return std::nullopt;
  return cli::usage_error(kTool,
                          Error{"use", line.operands.front(), 0, "no operand is expected", {}});
}

}  // namespace nsx::ls_tool
