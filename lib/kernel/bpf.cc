// SPDX-License-Identifier: MIT
#include "kernel/bpf.hh"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace nsx {

namespace {

std::uint64_t address_of(const void* object) {
  return reinterpret_cast<std::uint64_t>(object);
}

}  // namespace

union bpf_attr no_bpf_attributes() {
  union bpf_attr attributes;
  __builtin_memset(&attributes, 0, sizeof attributes);
  return attributes;
}

int bpf(int command, union bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

Status pin_bpf_object(int fd, const std::string& path) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.pathname = address_of(path.c_str());
  attributes.bpf_fd = static_cast<std::uint32_t>(fd);
  if (bpf(BPF_OBJ_PIN, attributes) != 0) return fail("pin", path);
  return {};
}

Result<OwnedFd> open_bpf_object(const std::string& path, bool read_only) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.pathname = address_of(path.c_str());
  attributes.file_flags = read_only ? BPF_F_RDONLY : 0;
  // Its descriptors are close-on-exec.
  OwnedFd fd(bpf(BPF_OBJ_GET, attributes));
  if (!fd) return fail("open", path);
  return fd;
}

Result<OwnedFd> link_bpf_to_cgroup(int program, int cgroup, unsigned attach_type) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program);
  attributes.link_create.target_fd = static_cast<std::uint32_t>(cgroup);
  attributes.link_create.attach_type = attach_type;
  OwnedFd link(bpf(BPF_LINK_CREATE, attributes));
  if (!link) return fail("attach", "");
  return link;
}

Result<std::uint64_t> linked_cgroup(int link) {
  struct bpf_link_info info {};
  union bpf_attr attributes = no_bpf_attributes();
  attributes.info.bpf_fd = static_cast<std::uint32_t>(link);
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) return fail("inspect", "the BPF link");
  if (info.type != BPF_LINK_TYPE_CGROUP)
    return refuse("use", "the BPF link", "it is not attached to a cgroup");
  return std::uint64_t{info.cgroup.cgroup_id};
}

bool is_bpf_map(int map, unsigned type, std::size_t value_size, unsigned entries) {
  struct bpf_map_info info {};
  union bpf_attr attributes = no_bpf_attributes();
  attributes.info.bpf_fd = static_cast<std::uint32_t>(map);
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0 && info.type == type &&
         info.key_size == sizeof(std::uint32_t) && info.value_size == value_size &&
         info.max_entries == entries;
}

Status read_bpf_map(int map, std::uint32_t key, void* value) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.map_fd = static_cast<std::uint32_t>(map);
  attributes.key = address_of(&key);
  attributes.value = address_of(value);
  if (bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) return fail("read", "the BPF map");
  return {};
}

Status write_bpf_map(int map, std::uint32_t key, const void* value, std::uint64_t flags) {
  union bpf_attr attributes = no_bpf_attributes();
  attributes.map_fd = static_cast<std::uint32_t>(map);
  attributes.key = address_of(&key);
  attributes.value = address_of(value);
  attributes.flags = flags;
  if (bpf(BPF_MAP_UPDATE_ELEM, attributes) != 0) return fail("write", "the BPF map");
  return {};
}

}  // namespace nsx
