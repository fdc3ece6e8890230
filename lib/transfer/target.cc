// SPDX-License-Identifier: MIT
#include <algorithm>
#include <linux/capability.h>
#include <unistd.h>

#include <nsx/inside.hh>
#include <nsx/process.hh>

#include "kernel/capabilities.hh"
#include "kernel/spawn.hh"
#include "transfer/transfer.hh"
#include "try.hh"

namespace nsx {

namespace {

/// Returns whether the caller can read, write and give away the files of others.
bool has_rights_over_files() {
  return has_capability(CAP_CHOWN) && has_capability(CAP_DAC_OVERRIDE) &&
         has_capability(CAP_FOWNER);
}

/// Where the id maps are read.
using ReadFile = std::function<Result<std::string>(const char* file)>;

Status read_maps(const ReadFile& read, OwnerMaps& owners) {
  const std::string uids = TRY(read("uid_map"));
  const std::string gids = TRY(read("gid_map"));
  owners.uids = TRY(parse_id_map(uids));
  owners.gids = TRY(parse_id_map(gids));
  return {};
}

/// Chooses the rights for a target whose user namespace is `user`, and not the caller's.
Status choose_rights(const Process* process, const ReadFile& read, Namespace user,
                     TransferTarget& opened) {
  TRY(read_maps(read, opened.owners));
  opened.owners.keeps_owners = has_rights_over_files();
  if (opened.owners.keeps_owners) return {};
  const bool has_root = to_outside(*opened.owners.uids, 0) && to_outside(*opened.owners.gids, 0);
  if (!has_root && process != nullptr) {
    const auto ids = TRY(process->read_ids());
    opened.uid = to_inside(*opened.owners.uids, ids.uid).value_or(0);
    opened.gid = to_inside(*opened.owners.gids, ids.gid).value_or(0);
  }
  opened.user = std::move(user);
  return {};
}

Result<TransferTarget> open_process(const Kernel& kernel, const Process& process,
                                    TransferTarget opened) {
  opened.root = TRY(process.open_root());
  auto user = TRY(process.open_namespace(kernel, Kind::user));
  if (user.is_current(kernel)) return opened;
  const ReadFile read = [&](const char* file) { return process.read(file); };
  const Namespace* const all[] = {&user};
  TRY(process.confirm_namespaces(kernel, {all, all + 1}));
  TRY(choose_rights(&process, read, std::move(user), opened));
  return opened;
}

Result<TransferTarget> open_mounts(const Kernel& kernel, const Namespace& mounts,
                                   TransferTarget opened) {
  auto visitor = TRY(Visitor::send(kernel, mounts));
  opened.root = visitor.take_root();
  auto user = mounts.owner(kernel);
  // One outside of the caller's own is above it, and so are its files.
  if (!user || user->is_current(kernel)) return opened;
  const ReadFile read = [&](const char* file) { return read_file_inside(kernel, *user, file); };
  auto copy = TRY(mounts.owner(kernel));
  TRY(choose_rights(nullptr, read, std::move(copy), opened));
  return opened;
}

}  // namespace

Result<TransferTarget> open_transfer_target(const Kernel& kernel, const Target& target) {
  TransferTarget opened{.name = target.name};
  opened.owners.keeps_owners = has_rights_over_files();
  if (target.process) return open_process(kernel, *target.process, std::move(opened));
  const auto mounts = std::find_if(target.namespaces.begin(), target.namespaces.end(),
                                   [](const auto& each) { return each.ns.kind() == Kind::mnt; });
  if (mounts == target.namespaces.end()) {
    return refuse("copy files of", target.name, "it has no mount namespace");
  }
  return open_mounts(kernel, mounts->ns, std::move(opened));
}

}  // namespace nsx
