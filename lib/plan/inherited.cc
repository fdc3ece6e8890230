// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/close_range.h>
#include <string_view>
#include <unistd.h>

#include <nsx/plan.hh>

#include "kernel/files.hh"
#include "plan/perform.hh"
#include "try.hh"

namespace nsx {

namespace {

// Variables that glibc ignores in set-user-ID programs (ld.so(8)), that sudo(8) always removes, and
// similar ones of other languages and libraries. A leading or trailing "*" matches any text. A test
// compares this list with man/nsx-enter.1.
constexpr std::array kLeadToFiles = std::to_array<std::string_view>({
    // Programs and their startup.
    "PATH",
    "HOME",
    "SHELL",
    "EDITOR",
    "VISUAL",
    "BROWSER",
    "*PAGER",
    "*ASKPASS",
    "LESS*",
    "MAN*",
    "GIT_*",
    "RSYNC_*",
    "CVS_*",
    "SSH_*",
    "TAR_*",
    "MAKE*",
    "XDG_*",
    "DBUS_*",
    "SYSTEMD_*",
    "DISPLAY",
    "WAYLAND_*",
    "XAUTHORITY",
    // Shells.
    "ENV",
    "BASH*",
    "ZDOTDIR",
    "FPATH",
    "IFS",
    "CDPATH",
    "PS4",
    "SHELLOPTS",
    "PROMPT_COMMAND",
    "HIST*",
    "INPUTRC",
    // The dynamic linker and the C library.
    "LD_*",
    "GLIBC_*",
    "MALLOC_*",
    "GCONV_PATH",
    "GETCONF_DIR",
    "LOCPATH",
    "LANGUAGE",
    "NLSPATH",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "RESOLV_*",
    "HOSTALIASES",
    "NIS_PATH",
    "TMPDIR",
    "TEMP",
    "TMP",
    "TZDIR",
    "TZ",
    "TERM*",
    // Libraries.
    "OPENSSL_*",
    "SSL*",
    "GNUTLS_*",
    "KRB5*",
    "CURL_*",
    "SASL_*",
    "GTK*",
    "GIO_*",
    "QT_*",
    "NCURSES_*",
    // Languages.
    "PYTHON*",
    "PERL*",
    "RUBY*",
    "GEM_*",
    "NODE_*",
    "NPM_*",
    "LUA_*",
    "PHP*",
    "TCL*",
    "JAVA*",
    "JDK_*",
    "_JAVA_*",
});

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.back() == '*') return name.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.front() == '*') return name.ends_with(pattern.substr(1));
  return name == pattern;
}

/// Returns whether an entry is a variable that leads to files. bash imports a value that starts
/// with "()" as a function, whatever the name.
bool leads(std::string_view entry) {
  const std::size_t end = entry.find('=');
  if (end == std::string_view::npos) return false;
  return leads_to_files(entry.substr(0, end)) || entry.substr(end + 1).starts_with("()");
}

Status mark(int fd) {
  // EBADF: the descriptor of the directory being listed has been closed meanwhile.
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 || errno == EBADF) return {};
  return fail("mark {} close-on-exec", "descriptor " + std::to_string(fd));
}

}  // namespace

bool leads_to_files(std::string_view variable) {
  return std::any_of(kLeadToFiles.begin(), kLeadToFiles.end(),
                     [&](std::string_view pattern) { return matches(pattern, variable); });
}

std::vector<std::string> with_own_paths(const std::vector<std::string>& entries,
                                        const char* const* own) {
  std::vector<std::string> result;
  for (const std::string& entry : entries) {
    if (!leads(entry)) result.push_back(entry);
  }
  for (; own != nullptr && *own != nullptr; ++own) {
    if (leads(*own)) result.emplace_back(*own);
  }
  return result;
}

Status mark_listed_descriptors(int proc, const std::vector<int>& kept) {
  auto open = TRY(list_pids_at(proc, "self/fd"));
  for (const int fd : open) {
    if (fd <= STDERR_FILENO || std::find(kept.begin(), kept.end(), fd) != kept.end()) continue;
    TRY(mark(fd));
  }
  return {};
}

Status close_on_exec_above_stderr(int proc, const std::vector<int>& kept) {
  std::vector<int> sorted(kept);
  std::sort(sorted.begin(), sorted.end());
  unsigned first = STDERR_FILENO + 1;
  const auto mark_range = [](unsigned from, unsigned to) {
    return from > to || ::close_range(from, to, CLOSE_RANGE_CLOEXEC) == 0;
  };
  for (const int fd : sorted) {
    if (fd <= STDERR_FILENO) continue;
    const auto number = static_cast<unsigned>(fd);
    if (!mark_range(first, number - 1)) return mark_listed_descriptors(proc, kept);
    first = number + 1;
  }
  if (!mark_range(first, ~0U)) return mark_listed_descriptors(proc, kept);
  return {};
}

}  // namespace nsx
