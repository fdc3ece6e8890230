// SPDX-License-Identifier: MIT
// nsx-cg export and nsx-cg apply.

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <nsx/fd.hh>

#include "account/account.hh"
#include "common/report.hh"
#include "nsx-cg/commands.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

/// The options of apply.
struct Request {
  std::string into = ".";
  ChangeOptions change;
};

constexpr std::array kExportOptions{cli::kHelp};

constexpr std::array kApplyOptions{
    cli::value(cli::kNoLetter, "into", {"CGROUP", cli::Completes::cgroup},
               "restore at this cgroup (default: the current one)", cli::set_text<&Request::into>),
    kLeaf,
    kForce,
    kDryRun,
    cli::kHelp,
};

/// Reads a file, or standard input if `path` is "-".
Result<std::string> read_text(const char* path) {
  const bool is_stdin = std::string_view(path) == "-";
  const OwnedFd file(is_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return fail("open", path);
  std::string text;
  char piece[65536];
  constexpr std::size_t kMost = std::size_t{65} << 20;
  for (;;) {
    const ssize_t n = ::read(file.get(), piece, sizeof piece);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("read", path);
    if (n == 0) return text;
    text.append(piece, static_cast<std::size_t>(n));
    if (text.size() > kMost) return refuse("read", path, "it is larger than 65 MiB");
  }
}

Status put_back(const Request& request, const char* file) {
  auto text = TRY(read_text(file));
  const auto snapshot = TRY(parse_snapshot(text));
  auto session = TRY(Session::open());
  auto path = TRY(session.tree.locate(request.into));
  auto steps = TRY(plan_snapshot(session.tree, path, snapshot, request.change.how));
  return carry_out_or_print(session, steps, request.change.dry_run);
}

}  // namespace

constexpr cli::Tool kExport{
    "nsx-cg export",
    "cgroup",
    "Print the settings of a cgroup and its descendants as JSON",
    kExportOptions,
    kOneCgroup,
    kUsageStatus,
    nullptr,
    {{{"nsx-cg export /batch", "of /batch and its descendants"},
      {"nsx-cg export web", "of a container"},
      {"nsx-cg apply batch.json", "restore them"}}},
};

constexpr cli::Tool kApply{
    "nsx-cg apply",
    "[options] file",
    "Restore settings that export printed, all or none",
    kApplyOptions,
    cli::Operands{.least = 1, .most = 1, .first = cli::Completes::file},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg apply batch.json", "below the current cgroup"},
      {"nsx-cg apply --into /batch batch.json", "at /batch"},
      {"nsx-cg apply --dry-run batch.json", "show what would be written"}}},
};

int export_(const cli::CommandLine& line) {
  auto session = Session::open();
  if (!session) return finish(kExport, error_of(session));
  auto cgroup = session->tree.find(line.operands.front());
  if (!cgroup) return finish(kExport, error_of(cgroup));
  auto snapshot = take_snapshot(session->tree, *cgroup);
  if (!snapshot) return finish(kExport, error_of(snapshot));
  auto text = format_snapshot(*snapshot);
  if (!text) return finish(kExport, error_of(text));
  return cli::print(kExport, *text);
}

int apply(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kApplyOptions>(line, request, request.change, request.change.how);
      !read) {
    return cli::usage_error(kApply, read.error());
  }
  return finish(kApply, put_back(request, line.operands.front()));
}

}  // namespace nsx::cg_tool
