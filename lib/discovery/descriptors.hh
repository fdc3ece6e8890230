// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <unordered_map>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "discovery/visit.hh"

namespace nsx {

/// Reads two sources: namespaces that processes keep alive through descriptors of namespace files
/// and through sockets.
class DescriptorReader {
 public:
  DescriptorReader(const Kernel& kernel, const CensusRequest& request, Findings& findings)
      : kernel_(kernel), request_(request), findings_(findings) {}

  void read(Visit& visit, const CensusProcess& process);

 private:
  /// What a descriptor refers to, as far as the device and type of its file show.
  struct Look {
    enum class Is { unknown, other, namespace_, first_socket, socket };
    Is is = Is::unknown;
    dev_t device = 0;
    ino_t inode = 0;
  };

  void read_one(int directory, const char* number, Visit& visit, const CensusProcess& process);
  Look look_at(int directory, const char* number);
  /// Adds a namespace file that was opened through a mount: only the namespace itself shows which
  /// one it is.
  void add_namespace_file(int directory, const char* number, const CensusProcess& process);
  void add_namespace(int directory, const char* number, NamespaceLink link,
                     const CensusProcess& process);
  void add_socket(const char* number, ino_t socket, Visit& visit, const CensusProcess& process);
  CensusIndex namespace_of_socket(int number, Visit& visit);
  /// Records a gap after a failed call if the failure was a denial; uses errno.
  void add_gap(Source source, Visit& visit);

  const Kernel& kernel_;
  const CensusRequest& request_;
  Findings& findings_;
  std::optional<dev_t> namespaces_;                 // the device of namespace files; 0: unknown
  dev_t sockets_device_ = 0;                        // the device of sockets; 0: not known yet
  std::unordered_map<ino_t, CensusIndex> sockets_;  // many processes can share a socket
  alignas(8) std::array<char, 32768> buffer_;       // for records of getdents64(2)
};

}  // namespace nsx
