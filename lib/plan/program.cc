// SPDX-License-Identifier: MIT
// Finding the program and the shell in the files that they will have inside, looked up from outside
// before anything is entered. The owner of those files controls their content.

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/create.hh>
#include <nsx/enter.hh>

#include "kernel/files.hh"
#include "plan/facts.hh"
#include "plan/hints.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr std::uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/// Returns 0 if execve(2) would accept the file, or its errno value.
int try_program(int files, const std::string& path) {
  auto file = open_answering(files, path, O_PATH, PathFrom::user, kInRoot);
  if (!file) return file.error().code != 0 ? file.error().code : EIO;
  struct stat st {};
  if (::fstat(file->get(), &st) != 0) return errno;
  constexpr mode_t kExecutable = S_IXUSR | S_IXGRP | S_IXOTH;
  return S_ISREG(st.st_mode) && (st.st_mode & kExecutable) != 0 ? 0 : EACCES;
}

/// Returns the shell of a UID in passwd(5), or an empty string.
std::string read_shell(int files, uid_t uid) {
  const auto text = read_inside(files, "etc/passwd");
  if (!text) return {};
  std::string_view rest = *text;
  while (const auto entry = next_passwd_entry(rest)) {
    // A path cannot contain a NUL.
    if (entry->uid == uid) return std::string(entry->shell.substr(0, entry->shell.find('\0')));
  }
  return {};
}

int root_of_program(const EnterFacts& facts) {
  return facts.tools ? facts.tools->root : facts.files;
}

bool lets_nobody_in(std::string_view shell) {
  const std::string_view name = shell.substr(shell.rfind('/') + 1);
  return name == "nologin" || name == "false" || name == "true" || name == "sync";
}

}  // namespace

Program as_login_shell(std::string shell) {
  std::string login_name = '-' + shell.substr(shell.rfind('/') + 1);
  return {std::move(shell), {std::move(login_name)}};
}

Result<std::string> search_path(const std::string& file, std::string_view path,
                                const std::function<int(const std::string&)>& try_file) {
  int code = ENOENT;
  for (bool more = true; more;) {
    const std::size_t colon = path.find(':');
    std::string candidate(path.substr(0, colon));
    more = colon != std::string_view::npos;
    if (more) path.remove_prefix(colon + 1);
    if (!candidate.empty()) candidate += '/';
    candidate += file;
    const int its = try_file(candidate);
    if (its == 0) return candidate;
    // A file that is not executable is more informative than missing ones.
    if (its == EACCES) code = EACCES;
  }
  return fail("execute", file, code);
}

Result<Program> find_shell(const EnterRequest& request, const EnterFacts& facts,
                           const std::string& preferred) {
  const int root = root_of_program(facts);
  if (root < 0) return as_login_shell("/bin/sh");
  auto uid = TRY(program_uid(request, facts));
  std::vector<std::string> shells;
  if (uid) {
    // The file system there may not answer.
    auto its = text_in_time([&] { return read_shell(root, *uid); });
    if (its) shells.push_back(std::move(*its));
  }
  for (const char* shell : {preferred.c_str(), "/bin/bash", "/bin/sh"})
    shells.emplace_back(shell);
  std::string tried;
  for (auto shell = shells.begin(); shell != shells.end(); ++shell) {
    const bool is_new = std::find(shells.begin(), shell, *shell) == shell;
    if (!is_new || !shell->starts_with('/') || lets_nobody_in(*shell)) continue;
    if (try_program(root, *shell) == 0) return as_login_shell(*shell);
    if (!tried.empty()) tried += ", ";
    tried += *shell;
  }
  std::string hint = "give a program that exists there";
  if (!request.program.hint.empty()) hint += "; " + request.program.hint;
  return refuse("find a shell in the files of", whose_program(facts), "tried " + tried, hint);
}

void say_where(Error& error, const std::string& program, const std::string& files,
               const std::string& path, const std::string& hint) {
  if (error.code != ENOENT || files.empty()) return;
  std::string where = "check that it exists in the files of " + files;
  if (program.find('/') == std::string::npos && !path.empty()) where += ", in " + path;
  if (!hint.empty()) where += "; " + hint;
  error.set_hint(where);
}

Status check_program(const EnterFacts& facts, const Program& program, const std::string& path) {
  const auto missing = [&](int code) {
    auto failure = fail("execute", program.file, code);
    say_where(failure.value(), program.file, whose_program(facts), path, program.hint);
    return failure;
  };
  const int root = root_of_program(facts);
  if (root < 0) return {};
  const auto check = [&](const std::string& file) { return try_program(root, file); };
  if (program.file.find('/') != std::string::npos) {
    // A relative path, whose working directory is unknown here.
    if (!program.file.starts_with('/')) return {};
    const int code = check(program.file);
    return code == 0 ? Status{} : missing(code);
  }
  // Relative directories in PATH are also unknown.
  const auto try_absolute = [&](const std::string& file) {
    return file.starts_with('/') ? check(file) : ENOENT;
  };
  const auto found = search_path(program.file, path, try_absolute);
  return found ? Status{} : missing(found.error().code);
}

}  // namespace nsx
