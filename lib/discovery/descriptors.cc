// SPDX-License-Identifier: MIT
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "discovery/visit.hh"
#include "kernel/abi.hh"
#include "kernel/nsfs.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// The limit of descriptors examined in a process. A process can have up to fs.nr_open (1,048,576)
/// of them, at more than a microsecond each, and can share its table with thousands of other
/// processes.
constexpr std::size_t kMaxDescriptors = 65536;

/// Returns the number in "socket:[4711]".
std::optional<ino_t> socket_inode(std::string_view text) {
  constexpr std::string_view kStart = "socket:[";
  if (!text.starts_with(kStart) || !text.ends_with(']')) return std::nullopt;
  return parse_number<ino_t>(text.substr(kStart.size(), text.size() - kStart.size() - 1));
}

}  // namespace

void DescriptorReader::read(Visit& visit, const CensusProcess& process) {
  const int directory = visit.directory();
  if (directory < 0) return;
  const OwnedFd fds(::openat(directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fds) {
    add_gap(Source::fd, visit);
    return;
  }
  for (std::size_t seen = 0;;) {
    const ssize_t size = ::getdents64(fds.get(), buffer_.data(), buffer_.size());
    if (size <= 0) {
      if (size < 0) add_gap(Source::fd, visit);
      return;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      // The kernel aligns its entries.
      const auto* entry =
          static_cast<const dirent64*>(static_cast<const void*>(buffer_.data() + at));
      at += entry->d_reclen;
      if (entry->d_name[0] == '.') continue;
      if (++seen > kMaxDescriptors) {
        findings_.gaps.add(Source::fd, EFBIG);
        return;
      }
      read_one(fds.get(), entry->d_name, visit, process);
    }
  }
}

void DescriptorReader::add_gap(Source source, Visit& visit) {
  const int code = errno;
  if (visit.is_denial(code)) findings_.gaps.add(source, code);
}

void DescriptorReader::read_one(int directory, const char* number, Visit& visit,
                                const CensusProcess& process) {
  // For nearly all descriptors this single call shows that they are of no interest. The text of the
  // link does not: if the file was opened through a mount, the text is the path of the mount.
  const Look look = look_at(directory, number);
  if (look.is == Look::Is::other) return;
  if (look.is == Look::Is::socket) {
    add_socket(number, look.inode, visit, process);
    return;
  }
  // Longer than any relevant link text.
  std::array<char, 64> target{};
  const ssize_t size = ::readlinkat(directory, number, target.data(), target.size());
  if (size <= 0) return;
  const std::string_view text(target.data(), static_cast<std::size_t>(size));
  if (text.front() == '/') {
    if (look.is == Look::Is::namespace_) add_namespace_file(directory, number, process);
  } else if (const auto socket = socket_inode(text)) {
    if (look.is == Look::Is::first_socket) sockets_device_ = look.device;
    add_socket(number, *socket, visit, process);
  } else if (const auto link = parse_namespace_link(text)) {
    add_namespace(directory, number, *link, process);
  }
}

DescriptorReader::Look DescriptorReader::look_at(int directory, const char* number) {
  if (!namespaces_) namespaces_ = kernel_.numbers_are_ours() ? nsfs_device(kernel_) : 0;
  struct statx st {};
  // Do not query the file system: a network file system might not answer.
  constexpr int kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
  if (*namespaces_ == 0 || ::statx(directory, number, kFlags, STATX_TYPE | STATX_INO, &st) != 0) {
    return {};
  }
  const dev_t device = ::makedev(st.stx_dev_major, st.stx_dev_minor);
  if (device == *namespaces_) return {Look::Is::namespace_, device, st.stx_ino};
  // The file of a Unix socket is no socket itself, and is on another device.
  if (!S_ISSOCK(st.stx_mode)) return {Look::Is::other, device, st.stx_ino};
  if (sockets_device_ == 0) return {Look::Is::first_socket, device, st.stx_ino};
  return {device == sockets_device_ ? Look::Is::socket : Look::Is::other, device, st.stx_ino};
}

void DescriptorReader::add_namespace_file(int directory, const char* number,
                                          const CensusProcess& process) {
  auto ns = open_namespace_link(kernel_, directory, number);
  if (!ns) return;
  add_namespace(directory, number, {ns->kind(), ns->identity().inode}, process);
}

void DescriptorReader::add_namespace(int directory, const char* number, NamespaceLink link,
                                     const CensusProcess& process) {
  if (!request_.sources.contains(Source::fd) || !request_.kinds.contains(link.kind)) return;
  auto index = findings_.table.find(link.kind, link.inode);
  if (!index && kernel_.numbers_are_ours()) {
    auto ns = open_namespace_link(kernel_, directory, number);
    if (ns && ns->identity().inode == link.inode) index = findings_.table.add(std::move(*ns));
  }
  if (!index) index = findings_.table.add(link.kind, link.inode);
  findings_.holders.push_back(
      {*index, CensusHolder::Type::fd, process.pid, parse_number<int>(number).value_or(-1), kNone});
}

void DescriptorReader::add_socket(const char* number, ino_t socket, Visit& visit,
                                  const CensusProcess& process) {
  const auto descriptor = parse_number<int>(number);
  if (!descriptor || !request_.sources.contains(Source::socket) ||
      !request_.kinds.contains(Kind::net) || !kernel_.numbers_are_ours()) {
    return;
  }
  const auto [entry, is_new] = sockets_.try_emplace(socket, kNone);
  if (is_new) entry->second = namespace_of_socket(*descriptor, visit);
  const CensusIndex index = entry->second;
  // Nearly all sockets belong to the process's own net namespace, which needs no other holder.
  if (index == kNone || index == process.in(Kind::net)) return;
  findings_.holders.push_back({index, CensusHolder::Type::socket, process.pid, *descriptor, kNone});
}

CensusIndex DescriptorReader::namespace_of_socket(int number, Visit& visit) {
  if (visit.pidfd() < 0) return kNone;
  const OwnedFd copy(abi::pidfd_getfd(visit.pidfd(), number));
  OwnedFd fd(copy ? ::ioctl(copy.get(), SIOCGSKNS) : -1);
  if (!fd) {
    add_gap(Source::socket, visit);
    return kNone;
  }
  auto ns = Namespace::from_fd(kernel_, std::move(fd));
  return ns && ns->kind() == Kind::net ? findings_.table.add(std::move(*ns)) : kNone;
}

}  // namespace nsx
