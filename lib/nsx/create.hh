#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nsx/kind.hh>
#include <nsx/plan.hh>

namespace nsx {

/// A program to run, with its arguments (the first is its own name).
struct Program {
  std::string file;
  std::vector<std::string> arguments;
};

/// What shall be made, in the terms of unshare(1).
struct CreateRequest {
  KindSet kinds;
  bool fork = false;
  std::optional<int> kill_child;  ///< the signal for the program when its parent dies; implies fork

  enum class MapUser { none, root, current };
  MapUser map_user = MapUser::none;  ///< the caller's effective ids inside; implies user

  enum class Propagation { private_, shared, slave, unchanged };
  Propagation propagation = Propagation::private_;  ///< means nothing without mnt

  std::optional<std::string> mount_proc;         ///< where; implies mnt
  std::optional<std::string> root;               ///< chroot(2) to it
  std::optional<std::string> working_directory;  ///< looked up after `root`
  Program program;
};

/// What a plan to create has to know of the caller.
struct CreateFacts {
  uid_t uid = 0;  ///< effective
  gid_t gid = 0;  ///< effective
};

NSX_API CreateFacts read_create_facts();

/// Computes what a request comes to, without any privilege and without asking the kernel.
/// Errors: none yet; what can only be tried fails in carry_out().
NSX_API Plan plan_create(const CreateRequest& request, const CreateFacts& facts);

}  // namespace nsx
