#include "nsx-ls/views.hh"

#include <array>
#include <cstring>

#include "common/report.hh"
#include "nsx-ls/columns_view.hh"
#include "nsx-ls/compare.hh"
#include "nsx-ls/detail.hh"
#include "nsx-ls/limits.hh"
#include "nsx-ls/matrix.hh"
#include "nsx-ls/options.hh"

namespace nsx::ls_tool {

namespace {

struct View {
  int option;
  const char* takes;  ///< the letters of the options that go with it
  std::size_t targets_from, targets_to;
  Result<int> (*show)(const ViewRequest&);
  int failed;  ///< the exit status where something failed
};

constexpr std::size_t kMany = ~std::size_t{0};

constexpr std::array kViews{
    View{kCompare, "JWnrtu", 2, kMany, show_compare, kCannotCompare},
    View{kLimits, "JWnrtu", 0, 0, show_limits, 1},
    View{kMatrix, "JWnprtu", 0, 0, show_matrix, 1},
    View{'H', "JWnru", 0, 0, show_columns, 1},
};
constexpr const char* kDetailTakes = "JWlnortu";

std::string spelled(const cli::Option& option) {
  return std::string("--") + option.name;
}

tl::unexpected<Error> exclude(const std::string& one, const std::string& other) {
  return refuse("use " + one + " and", other, "they exclude each other");
}

/// Whether the options go together with a view. `chosen` is what has asked for it.
Status check_options(const cli::CommandLine& line, int option, const char* takes,
                     const std::string& chosen) {
  if (line.has('J') && line.has('r')) return exclude("--json", "--raw");
  for (const cli::Given& given : line.options) {
    const char letter = given.option->letter();
    if (given.option->id == option || given.option->id == kColor) continue;
    if (given.option->id == kAll && option == kMatrix) continue;
    if (letter != '\0' && std::strchr(takes, letter) != nullptr) continue;
    return exclude(chosen, spelled(*given.option));
  }
  return {};
}

Status check_operands(const cli::CommandLine& line, const View& view, const std::string& chosen) {
  if (line.operands.size() < view.targets_from) {
    return refuse("use", chosen, "it needs two targets or more");
  }
  if (line.operands.size() > view.targets_to) {
    return refuse("use", line.operands[view.targets_to], "no operand is expected");
  }
  return {};
}

/// What only the matrix takes.
Status take_matrix(const cli::CommandLine& line, ViewRequest& request) {
  request.all = line.has(kAll);
  request.matrix_rows = "process";
  for (const cli::Given& given : line.options) {
    if (given.option->id == kMatrix && given.argument != nullptr) {
      request.matrix_rows = given.argument;
    }
  }
  if (auto ok = check_matrix_rows(request.matrix_rows); !ok) return ok;
  if (request.process && request.matrix_rows != "process") {
    return exclude("--task", "--matrix=" + request.matrix_rows);
  }
  if (request.process && request.all) return exclude("--task", "--all");
  return {};
}

/// Ends with the answer of a view.
int finish(const Result<int>& answer, int failed) {
  if (!answer) {
    cli::report(kTool, answer.error());
    return failed;
  }
  return cli::finish_stdout(kTool) == 0 ? *answer : failed;
}

int show(const cli::CommandLine& line, const View& view, const cli::Option& option,
         ViewRequest& request) {
  const std::string chosen = spelled(option);
  auto ok = check_options(line, view.option, view.takes, chosen);
  if (ok) ok = check_operands(line, view, chosen);
  if (ok && view.option == kMatrix) ok = take_matrix(line, request);
  if (!ok) return cli::usage_error(kTool, ok.error());
  return finish(view.show(request), view.failed);
}

/// What an operand without another view names.
std::optional<int> show_operand(const cli::CommandLine& line, ViewRequest& request) {
  if (line.operands.size() > 1) {
    return cli::usage_error(
        kTool,
        Error{"show", line.operands[1], 0, "one namespace or target is shown at a time", {}});
  }
  if (line.has('p')) {
    return cli::usage_error(kTool, exclude("--task", line.operands.front()).value());
  }
  const auto kernel = cli::open_kernel();
  if (!kernel) return finish(tl::unexpected(kernel.error()), 1);
  const auto named = find_named(*kernel, request.targets.front(), request.kinds);
  if (!named) return finish(tl::unexpected(named.error()), 1);
  if (named->process) {
    request.process = named->process;
    return std::nullopt;
  }
  const auto ok = check_options(line, 0, kDetailTakes, line.operands.front());
  if (!ok) return cli::usage_error(kTool, ok.error());
  return finish(show_detail(*kernel, named->namespaces, request), 1);
}

}  // namespace

std::optional<int> show_view(const cli::CommandLine& line, ViewRequest& request) {
  for (const View& view : kViews) {
    for (const cli::Given& given : line.options) {
      if (given.option->id == view.option) return show(line, view, *given.option, request);
    }
  }
  if (line.has(kAll)) {
    return cli::usage_error(kTool, Error{"use", "--all", 0, "it goes with --matrix", {}});
  }
  if (line.operands.empty()) return std::nullopt;
  return show_operand(line, request);
}

}  // namespace nsx::ls_tool
