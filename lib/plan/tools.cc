// SPDX-License-Identifier: MIT
// Planning the root directory of a ToolsRequest. Pure.

#include <iterator>
#include <string_view>
#include <sys/mount.h>

#include <nsx/enter.hh>

#include "kernel/text.hh"
#include "plan/planning.hh"

namespace nsx {

namespace {

constexpr std::string_view kUsualPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program that was given fewer rights must not get them back by su(1) and a file of the target.
constexpr std::uint64_t kNoGain = MOUNT_ATTR_NOSUID;
constexpr std::uint64_t kPlain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW;

/// Collects the mounts to copy, and the steps that attach the copies.
class RootPlanner {
 public:
  RootPlanner(const ToolsRequest& request, const ToolsFacts& facts,
              const step::JoinNamespace& target)
      : request_(request), facts_(facts), target_(target) {}

  void add_to(std::vector<Step>& steps) {
    add_tools();
    add_new();
    add_target();
    add_databases();
    steps.push_back(step::Unshare{{Kind::mnt}});
    steps.push_back(step::SetPropagation{step::SetPropagation::Mode::slave});
    steps.push_back(std::move(taken_));
    steps.push_back(step::NewRoot{});
    steps.insert(steps.end(), std::make_move_iterator(fill_.begin()),
                 std::make_move_iterator(fill_.end()));
    steps.push_back(
        step::EnterNewRoot{!request_.writable, request_.target_at, facts_.working_directory});
  }

 private:
  using Options = std::vector<std::pair<std::string, std::string>>;

  void attach(step::TakeTrees::Tree tree, std::string path) {
    fill_.push_back(step::AttachTree{taken_.trees.size(), std::move(path),
                                     tree.path + " of " + tree.of,
                                     (tree.attributes & MOUNT_ATTR_RDONLY) != 0});
    taken_.trees.push_back(std::move(tree));
  }

  void mount(const char* type, const char* path, Options options) {
    fill_.push_back(step::MountNew{type, path, std::move(options)});
  }

  void link(std::string path, std::string to) {
    fill_.push_back(step::MakeLink{std::move(path), std::move(to)});
  }

  void add_tools() {
    const std::string top = facts_.path == "/" ? "" : facts_.path;
    for (const ToolsFacts::Entry& entry : facts_.entries) {
      std::string path = '/' + entry.name;
      if (!entry.link.empty()) {
        link(std::move(path), entry.link);
        continue;
      }
      attach({.mnt = facts_.mnt,
              .of = facts_.of,
              .fd = entry.fd,
              .path = entry.fd >= 0 ? path : top + path,
              .attributes = request_.writable ? kNoGain : kNoGain | MOUNT_ATTR_RDONLY},
             path);
    }
  }

  void add_new() {
    const Options shared{{"mode", "1777"}};
    mount("tmpfs", "/tmp", shared);
    if (facts_.has_var_tmp) mount("tmpfs", "/var/tmp", shared);
    for (const std::string& path : facts_.of_caller)
      attach({.of = "the host", .path = path}, path);
    link("/dev/ptmx", "pts/ptmx");
    link("/dev/fd", "/proc/self/fd");
    link("/dev/stdin", "/proc/self/fd/0");
    link("/dev/stdout", "/proc/self/fd/1");
    link("/dev/stderr", "/proc/self/fd/2");
    if (!facts_.has_terminals)
      mount("devpts", "/dev/pts", {{"newinstance", ""}, {"ptmxmode", "0666"}, {"mode", "0620"}});
  }

  void add_target() {
    for (const ToolsFacts::Tree& tree : facts_.of_target) {
      const bool is_root = tree.path == request_.target_at;
      attach({.mnt = target_.fd,
              .of = target_.of,
              .fd = tree.fd,
              .path = is_root ? "/" : tree.path,
              .attributes = tree.is_plain ? kPlain : kNoGain},
             tree.path);
    }
  }

  void add_databases() {
    for (const auto& [path, text] : facts_.databases)
      fill_.push_back(step::MountText{path, text});
  }

  const ToolsRequest& request_;
  const ToolsFacts& facts_;
  const step::JoinNamespace& target_;
  step::TakeTrees taken_;
  std::vector<Step> fill_;
};

/// Keeps the characters of usual names, for a shell's prompt, which may expand others.
std::string for_prompt(std::string_view word) {
  std::string kept;
  for (const char c : word) {
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    kept +=
        is_alphanumeric || std::string_view(".:/@_-").find(c) != std::string_view::npos ? c : '_';
  }
  return kept;
}

/// Returns the directories of a PATH below another directory.
std::string below(const std::string& directory, std::string_view path) {
  std::string list;
  while (!path.empty()) {
    const std::string_view each = next_field(path, ':');
    if (each.starts_with('/')) list += ':' + directory + std::string(each);
  }
  return list;
}

}  // namespace

void add_new_root(Plan& plan, const ToolsRequest& request, const ToolsFacts& facts,
                  const step::JoinNamespace& target) {
  RootPlanner(request, facts, target).add_to(plan.steps);
}

std::vector<std::string> variables_of(const ToolsRequest& request, const ToolsFacts& facts,
                                      const Program& program, bool has_user) {
  const std::string prompt = '(' + for_prompt(request.word) + ')';
  // PWD would still name the previous working directory.
  std::vector<std::string> variables{"NSX_TARGET=" + request.word, "PWD"};
  // A home directory or shell that the target chose would lead programs to its files.
  if (request.home.empty() || has_user) {
    variables.emplace_back("HOME=/");
    variables.emplace_back("SHELL=/bin/sh");
  }
  const bool is_login_shell =
      !program.arguments.empty() && program.arguments.front().starts_with('-');
  if (is_login_shell) {
    const bool is_bash = program.file.ends_with("/bash");
    // Debian's bash.bashrc replaces PS1, and shows this one.
    variables.push_back("debian_chroot=" + for_prompt(request.word));
    variables.push_back("PS1=" + prompt + (is_bash ? " \\u@\\h:\\w\\$ " : " # "));
  }
  if (request.extended_path) {
    const std::string_view its = facts.search_path.empty() ? kUsualPath : facts.search_path;
    variables.push_back("PATH=" + *request.extended_path + below(request.target_at, its));
  }
  return variables;
}

}  // namespace nsx
