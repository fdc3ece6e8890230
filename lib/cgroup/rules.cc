// SPDX-License-Identifier: MIT
#include "cgroup/rules.hh"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nsx/cgroup_run.hh>

#include "cgroup/files.hh"
#include "kernel/capabilities.hh"
#include "kernel/cgroup.hh"

namespace nsx {

namespace {

Error cannot(std::string_view operation, std::string_view subject, int code,
             std::string_view reason = {}, std::string_view hint = {}) {
  return {"cannot " + std::string(operation), subject, code, reason, hint};
}

Error with_reason(std::string_view operation, std::string_view subject, std::string_view reason,
                  std::string_view hint = {}) {
  return cannot(operation, subject, 0, reason, hint);
}

std::string path_of_file(const Cgroup& cgroup, const std::string& file) {
  return cgroup.directory_path() + '/' + file;
}

/// Returns who may write a file: "root", "UID 1000". Empty if unknown.
std::string owner_name(const Cgroup& cgroup, const std::string& file) {
  struct stat status {};
  if (::fstatat(cgroup.directory(), file.c_str(), &status, 0) != 0) return {};
  return status.st_uid == 0 ? "root" : "UID " + std::to_string(status.st_uid);
}

/// Returns why a file may not be written: "it belongs to root".
std::string owner_of(const Cgroup& cgroup, const std::string& file) {
  const std::string owner = owner_name(cgroup, file);
  return owner.empty() ? "it is not writable" : "it belongs to " + owner;
}

/// Returns the lowest ancestor that has a controller, and so does not enable it for its children.
std::optional<Cgroup> holder_of_controller(const CgroupTree& tree, const Cgroup& cgroup,
                                           std::string_view controller) {
  for (std::string path = cgroup.path(); path != "/";) {
    path = path_above(path);
    auto above = tree.open_cgroup(path);
    const auto has = above ? above->read("cgroup.controllers") : Result<std::string>("");
    if (has && lists_controller(*has, controller)) return std::move(*above);
  }
  return std::nullopt;
}

/// Whether this is the root of a cgroup namespace or the top that a container sees, rather than the
/// machine's root.
bool is_namespace_root(const Cgroup& cgroup) {
  return cgroup.is_top() && !is_real_root(cgroup);
}

/// Explains that controllers may not be enabled here. `value` is like "+cpu +memory".
Error explain_not_handed_down(const Cgroup& cgroup, const std::string& value) {
  std::string controllers;
  for (const std::string& name : split_controllers(value))
    controllers += (controllers.empty() ? "" : ", ") + name.substr(1);
  const std::string what = path_of_file(cgroup, "cgroup.subtree_control");
  const std::string owner = owner_name(cgroup, "cgroup.subtree_control");
  return with_reason("enable " + controllers + " below the cgroup", cgroup.path(),
                     what + (owner.empty() ? " is not writable" : " belongs to " + owner),
                     (owner.empty() ? "" : "as " + owner + ", run: ") + "echo " + value + " > " +
                         shell_word(what));
}

/// Explains EACCES or EPERM of a write.
Error explain_denied(const Cgroup& cgroup, const std::string& file, const std::string& value) {
  const std::string what = path_of_file(cgroup, file);
  const std::string operation = "write '" + value + "' to";
  if (file == "cgroup.subtree_control" && value.starts_with('+')) {
    return explain_not_handed_down(cgroup, value);
  }
  if (is_namespace_root(cgroup) && !file.starts_with("cgroup.")) {
    return with_reason(
        operation, what,
        "it is the root of a cgroup namespace, and its limits are set outside of that",
        "set limits on a cgroup below it, or run this outside of the namespace");
  }
  return with_reason(operation, what, owner_of(cgroup, file),
                     hint_for_owner("the user to whom this cgroup is delegated") +
                         "; a delegatee cannot change the limits of the delegated cgroup itself");
}

/// Explains which limit of the tree prevents a new cgroup at `path`.
std::string explain_full_tree(const CgroupTree& tree, const std::string& path) {
  std::uint64_t level = 0;
  for (std::string each = path; each != "/"; ++level) {
    each = path_above(each);
    const auto above = tree.open_cgroup(each);
    if (!above) continue;
    const auto stat = above->read("cgroup.stat");
    const auto most = above->read("cgroup.max.descendants");
    const auto depth = above->read("cgroup.max.depth");
    const auto count = stat ? find_keyed_number(*stat, "nr_descendants") : std::nullopt;
    const auto reached = [&](const char* file, std::uint64_t limit) {
      return each + " has reached its " + file + " of " + std::to_string(limit);
    };
    const auto limit = most ? parse_cgroup_number(*most) : std::nullopt;
    if (limit && count.value_or(0) >= *limit) return reached("cgroup.max.descendants", *limit);
    const auto deepest = depth ? parse_cgroup_number(*depth) : std::nullopt;
    if (deepest && level >= *deepest) return reached("cgroup.max.depth", *deepest);
  }
  return "an ancestor has reached its cgroup.max.descendants or cgroup.max.depth";
}

/// Explains a missing file: its controller is not enabled, or the kernel does not provide the file.
Error explain_missing(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file,
                      std::string_view operation) {
  const std::string_view controller = controller_of(file);
  const std::string what = path_of_file(cgroup, file);
  const auto own = cgroup.read("cgroup.controllers");
  if (!controller.empty() && own && !lists_controller(*own, controller)) {
    const auto top = tree.open_cgroup("/");
    const auto all = top ? top->read("cgroup.controllers") : Result<std::string>("");
    if (!all || !lists_controller(*all, controller)) {
      return with_reason(std::string(operation), what,
                         "the controller " + std::string(controller) +
                             " is not available: " + tree.why_without(controller));
    }
    std::string reason = "the controller " + std::string(controller) + " is not enabled";
    std::string hint;
    if (const auto holder = holder_of_controller(tree, cgroup, controller)) {
      const std::string list = path_of_file(*holder, "cgroup.subtree_control");
      const std::string owner = owner_name(*holder, "cgroup.subtree_control");
      reason += " in the cgroup.subtree_control of " + holder->path();
      if (!owner.empty()) reason += ", which belongs to " + owner;
      hint = "echo +" + std::string(controller) + " > " + shell_word(list);
    } else if (is_namespace_root(cgroup)) {
      reason += " for this cgroup: " + tree.why_without(controller);
    }
    return with_reason(std::string(operation), what, std::move(reason), std::move(hint));
  }
  if (is_real_root(cgroup)) {
    return operation == "read" ? with_reason("read", what, "the root cgroup has no such file")
                               : with_reason("write", what, "the root cgroup has no limits",
                                             "set limits on the cgroups below it");
  }
  return with_reason(std::string(operation), what, "this kernel has no such file");
}

Error explain_subtree_control(const CgroupTree& tree, const Cgroup& cgroup,
                              const std::string& value, int code) {
  const std::string operation = "write " + value + " to";
  const std::string what = path_of_file(cgroup, "cgroup.subtree_control");
  switch (code) {
    case EBUSY:
      if (value.find('-') != std::string::npos) {
        return with_reason(operation, what, "a cgroup below still enables the controller");
      }
      return explain_busy(cgroup.path(), count_processes(cgroup));
    case EOPNOTSUPP:
      return with_reason(operation, what,
                         "it is part of a threaded subtree (cgroup.type is '" + type_of(cgroup) +
                             "'), where only cpu, cpuset, perf_event and pids can be enabled");
    case ENOENT:
    case EINVAL: {
      std::string name = value.substr(std::min<std::size_t>(1, value.size()));
      name = name.substr(0, name.find(' '));
      return with_reason(operation, what,
                         "the controller " + name + " is not available: " + tree.why_without(name));
    }
    default:
      return cannot(operation, what, code);
  }
}

}  // namespace

bool is_real_root(const Cgroup& cgroup) {
  return ::faccessat(cgroup.directory(), "cgroup.type", F_OK, 0) != 0 && errno == ENOENT;
}

bool is_gone(const Cgroup& cgroup, int code) {
  return code == ENODEV ||
         (code == ENOENT && ::faccessat(cgroup.directory(), "cgroup.procs", F_OK, 0) != 0);
}

std::string type_of(const Cgroup& cgroup) {
  auto type = cgroup.read("cgroup.type");
  if (!type) return {};
  if (type->ends_with('\n')) type->pop_back();
  return std::move(*type);
}

std::optional<std::size_t> count_processes(const Cgroup& cgroup) {
  const auto pids = cgroup_pids(cgroup.directory());
  return pids ? std::optional(pids->size()) : std::nullopt;
}

Error explain_busy(const std::string& path, std::optional<std::size_t> count) {
  const std::string number = count ? std::to_string(*count) : "some";
  return with_reason("enable controllers below the cgroup", path,
                     "it has " + number + (count == 1U ? " process" : " processes") +
                         " of its own, and only a cgroup without processes can enable controllers",
                     "add --leaf=NAME to move them to a new cgroup in it");
}

Error explain_write(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file,
                    const std::string& value, int code) {
  const std::string what = path_of_file(cgroup, file);
  const std::string operation = "write '" + value + "' to";
  if (code == EACCES || code == EPERM) return explain_denied(cgroup, file, value);
  if (file == "cgroup.subtree_control") {
    return explain_subtree_control(tree, cgroup, value, code);
  }
  switch (code) {
    case ENOENT:
      return explain_missing(tree, cgroup, file, "write");
    case ENODEV:
      // This refers to the disk, which may have been removed in the meantime.
      if (file.starts_with("io.")) return cannot(operation, what, code);
      return with_reason(operation, what, "the cgroup has been removed");
    case EINVAL:
      return with_reason(operation, what, "the kernel rejects this value");
    case ERANGE:
      return with_reason(operation, what, "the value is out of range");
    case EOPNOTSUPP:
      if (file == "cgroup.type") {
        return with_reason(operation, what,
                           "a cgroup that enables domain controllers, or whose parent has another "
                           "type, cannot become threaded");
      }
      return with_reason(operation, what,
                         "this kernel or the disk's I/O scheduler does not support it");
    default:
      return cannot(operation, what, code);
  }
}

Error explain_read(const CgroupTree& tree, const Cgroup& cgroup, const std::string& file,
                   int code) {
  const std::string what = path_of_file(cgroup, file);
  if (is_gone(cgroup, code)) return with_reason("read", what, "the cgroup has been removed");
  if (code == ENOENT) return explain_missing(tree, cgroup, file, "read");
  if (code == EOPNOTSUPP && file == "cgroup.procs") {
    return with_reason("read", what,
                       "it is threaded: its processes are listed in the domain above it",
                       "read cgroup.threads instead");
  }
  return cannot("read", what, code);
}

Error explain_move(const Cgroup& to, const std::string& from, const std::string& what, int code) {
  const std::string operation = "move " + what + " to the cgroup";
  switch (code) {
    case EBUSY: {
      auto below = to.read("cgroup.subtree_control");
      if (below && below->ends_with('\n')) below->pop_back();
      return with_reason(operation, to.path(),
                         "it enables controllers for cgroups below" +
                             (below ? " (" + *below + ')' : "") + ", and so cannot hold processes",
                         "move it to a cgroup below");
    }
    case EOPNOTSUPP: {
      const std::string type = type_of(to);
      if (type == "domain invalid") {
        return with_reason(operation, to.path(),
                           "its type is 'domain invalid', as it is in a threaded subtree",
                           "nsx-cg set " + shell_word(to.path()) + " cgroup.type=threaded");
      }
      return with_reason(operation, to.path(),
                         "the cgroup at the top of its threaded subtree cannot hold processes");
    }
    case EACCES:
    case EPERM: {
      // cgroups(7): write permission is needed in the common ancestor of both cgroups.
      std::string above = from;
      while (!above.empty() && above != "/" && to.path() != above &&
             !to.path().starts_with(above + '/')) {
        above = path_above(above);
      }
      if (above.empty() || above == to.path()) {
        return with_reason(operation, to.path(), owner_of(to, "cgroup.procs"),
                           hint_for_owner("the user to whom this cgroup is delegated"));
      }
      return with_reason(
          operation, to.path(),
          "a move needs write access to cgroup.procs here and in the common ancestor " + above,
          "run as root; a delegatee can only move processes within the delegated "
          "subtree");
    }
    case ESRCH:
      return with_reason(operation, to.path(), "the process has exited");
    case EINVAL:
      return with_reason(operation, to.path(), "it is a kernel thread");
    case ENOENT:
    case ENODEV:
      return with_reason(operation, to.path(), "the cgroup has been removed");
    default:
      break;
  }
  return cannot(operation, to.path(), code);
}

std::optional<Error> explain_full(const CgroupTree& tree, const Cgroup& cgroup) {
  for (std::string path = cgroup.path();; path = path_above(path)) {
    const auto each = tree.open_cgroup(path);
    if (!each) return std::nullopt;
    const auto max = each->read("pids.max");
    const auto current = each->read("pids.current");
    const auto limit = max ? parse_cgroup_number(*max) : std::nullopt;
    const auto used = current ? parse_cgroup_number(*current) : std::nullopt;
    if (!limit || *limit == kNoCgroupLimit || used.value_or(0) < *limit) {
      if (path == "/") return std::nullopt;
      continue;
    }
    return with_reason("start a process in the cgroup", cgroup.path(),
                       "pids.max of " + path + " is reached: " + std::to_string(*used) + " of " +
                           std::to_string(*limit) + " processes and threads",
                       "nsx-cg set " + shell_word(path) + " pids=NUMBER");
  }
}

Error explain_make(const CgroupTree& tree, const std::string& path, int code) {
  constexpr const char* kMake = "make the cgroup";
  const std::string directory_path = tree.mount_point() + path;
  switch (code) {
    case EAGAIN:
      return with_reason(kMake, directory_path, explain_full_tree(tree, path));
    case EEXIST:
      return with_reason(kMake, directory_path, "a cgroup or file of this name already exists");
    case EACCES:
    case EPERM:
      return with_reason(kMake, directory_path, "you may not write to its parent cgroup",
                         hint_for_owner("the user to whom the parent is delegated"));
    default:
      return cannot(kMake, directory_path, code);
  }
}

Error explain_remove(const Cgroup& cgroup, int code) {
  constexpr const char* kRemove = "remove the cgroup";
  if (code == EBUSY) {
    const auto pids = cgroup_pids(cgroup.directory());
    if (pids && !pids->empty()) {
      return with_reason(kRemove, cgroup.path(),
                         "it contains " + std::to_string(pids->size()) +
                             (pids->size() == 1 ? " process" : " processes"),
                         "add --kill to kill them");
    }
    return with_reason(kRemove, cgroup.path(), "it contains other cgroups",
                       "add -r to remove them, too");
  }
  if (code == EACCES || code == EPERM) {
    return with_reason(kRemove, cgroup.path(), "you may not write to its parent cgroup",
                       hint_for_owner("the user to whom the parent is delegated"));
  }
  return cannot(kRemove, cgroup.path(), code);
}

}  // namespace nsx
