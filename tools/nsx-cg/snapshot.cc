// nsx-cg export and nsx-cg apply.

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include <nsx/cgroup_snapshot.hh>
#include <nsx/fd.hh>

#include "common/report.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

/// A file, or "-" for standard input.
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
    if (text.size() > kMost) return refuse("read", path, "it is too long");
  }
}

Status put_back(const cli::CommandLine& line) {
  CgroupChangeOptions options;
  std::string into = ".";
  for (const cli::Given& given : line.options) {
    if (given.option->id == kInto) into = given.argument;
    if (given.option->id == kLeaf) options.leaf = given.argument;
    if (given.option->id == kForce) options.force = true;
  }
  auto text = read_text(line.operands.front());
  if (!text) return error_of(text);
  const auto snapshot = parse_snapshot(*text);
  if (!snapshot) return tl::unexpected(snapshot.error());
  auto session = Session::open();
  if (!session) return error_of(session);
  auto path = session->tree.locate(into);
  if (!path) return error_of(path);
  auto steps = plan_snapshot(session->tree, *path, *snapshot, options);
  if (!steps) return error_of(steps);
  if (!line.has(kDryRun)) return carry_out_cgroup_steps(session->tree, *steps);
  for (const CgroupStep& step : *steps)
    std::printf("%s\n", describe(session->tree, step).c_str());
  return {};
}

}  // namespace

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
  return finish(kApply, put_back(line));
}

}  // namespace nsx::cg_tool
