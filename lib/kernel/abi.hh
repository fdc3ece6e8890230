// SPDX-License-Identifier: MIT
#pragma once
// Kernel interfaces that are missing or broken in Debian 12's headers (Linux 6.1, glibc 2.36),
// where <sys/pidfd.h> lacks extern "C" and conflicts with <linux/pidfd.h>.

#include <asm/ioctl.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <span>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace nsx::abi {

// ioctl(2) requests on a pidfd, Linux 6.11 (PIDFD_GET_INFO: 6.13). The argument is 0; they return a
// descriptor.
inline constexpr unsigned kPidfdGetCgroupNamespace = _IO(0xFF, 1);
inline constexpr unsigned kPidfdGetIpcNamespace = _IO(0xFF, 2);
inline constexpr unsigned kPidfdGetMntNamespace = _IO(0xFF, 3);
inline constexpr unsigned kPidfdGetNetNamespace = _IO(0xFF, 4);
inline constexpr unsigned kPidfdGetPidNamespace = _IO(0xFF, 5);
inline constexpr unsigned kPidfdGetPidForChildren = _IO(0xFF, 6);
inline constexpr unsigned kPidfdGetTimeNamespace = _IO(0xFF, 7);
inline constexpr unsigned kPidfdGetTimeForChildren = _IO(0xFF, 8);
inline constexpr unsigned kPidfdGetUserNamespace = _IO(0xFF, 9);
inline constexpr unsigned kPidfdGetUtsNamespace = _IO(0xFF, 10);

// The first released version of struct pidfd_info, with 64 bytes.
struct PidfdInfo {
  std::uint64_t mask;
  std::uint64_t cgroupid;
  std::uint32_t pid, tgid, ppid;
  std::uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  std::int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);

inline constexpr unsigned kPidfdGetInfo = _IOWR(0xFF, 11, PidfdInfo);
inline constexpr std::uint64_t kPidfdInfoPid = 1;
inline constexpr std::uint64_t kPidfdInfoCreds = 2;

// Flag of pidfd_open(2) that allows threads other than the leader, Linux 6.9.
inline constexpr unsigned kPidfdThread = 0x80;  // O_EXCL

// f_type of a pidfd in statfs(2), Linux 6.9. In older kernels, pidfds were anonymous inodes.
inline constexpr std::uint64_t kPidfdFileSystem = 0x50494446;

/// Translates a PID of a pid namespace to that of the caller, Linux 6.11. The argument is a number,
/// not an address.
inline constexpr unsigned kNsGetPidFromPidns = _IOR(0xb7, 6, int);

inline constexpr unsigned kNsGetId = _IOR(0xb7, 13, std::uint64_t);  // Linux 6.18

// The file handle of a namespace for open_by_handle_at(2) below kNsfsRoot, Linux 6.18, which also
// requires the kind and the inode number. Later kernels only need the id, with 0 for these.
inline constexpr int kNsfsRoot = -10003;
inline constexpr int kNsfsHandleType = 0xf1;
struct NsfsHandle {
  std::uint32_t handle_bytes;
  std::int32_t handle_type;
  std::uint64_t ns_id;
  std::uint32_t ns_type;
  std::uint32_t ns_inode;
};
static_assert(sizeof(NsfsHandle) == 24);

/// Opens the namespace with this 64-bit id, CLONE_NEW* flag and inode number.
inline int open_namespace(std::uint64_t id, int flag, ino_t inode) {
  NsfsHandle handle{16, kNsfsHandleType, id, static_cast<std::uint32_t>(flag),
                    static_cast<std::uint32_t>(inode)};
  return static_cast<int>(
      ::syscall(SYS_open_by_handle_at, kNsfsRoot, &handle, O_RDONLY | O_CLOEXEC));
}

/// Opens a namespace by id alone, if the kernel supports that (Feature::namespace_handle).
inline int open_namespace_by_id(std::uint64_t id) {
  return open_namespace(id, 0, 0);
}

// listns(2), Linux 6.19.
struct ListNamespacesRequest {
  std::uint32_t size;
  std::uint32_t spare;
  std::uint64_t after;  // continue after this 64-bit id
  std::uint32_t types;  // CLONE_NEW* flags; 0: all
  std::uint32_t spare2;
  std::uint64_t owner;  // 0: any
};
static_assert(sizeof(ListNamespacesRequest) == 32);
inline constexpr long kListNamespaces = 470;

/// Returns the next ids after `after`, ascending, as many as fit. Returns 0 (or fails with ENOENT)
/// at the end, -1 on error.
inline long list_namespaces(std::uint64_t after, std::span<std::uint64_t> ids) {
  ListNamespacesRequest request{sizeof request, 0, after, 0, 0, 0};
  return ::syscall(kListNamespaces, &request, ids.data(), ids.size(), 0);
}

inline int pidfd_open(pid_t pid, unsigned flags) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}

inline int pidfd_getfd(int pidfd, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0));
}

inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

/// Ends the calling process without running destructors or flushing buffers that were copied from
/// its parent. For processes of the library.
[[noreturn]] inline void end_process(int status) {
  for (;;)
    ::syscall(SYS_exit_group, status);
}

}  // namespace nsx::abi
