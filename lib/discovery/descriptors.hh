// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <unordered_map>

#include <nsx/census.hh>

#include "discovery/findings.hh"
#include "discovery/visit.hh"

namespace nsx {

/// Two sources: the namespaces that processes hold by descriptors of their files, and by sockets.
class DescriptorReader {
 public:
  DescriptorReader(const Kernel& kernel, const CensusRequest& request, Findings& findings)
      : kernel_(kernel), request_(request), findings_(findings) {}

  void read(Visit& visit, const CensusProcess& process);

 private:
  /// What a descriptor is, as far as its file's device and type tell.
  struct Look {
    enum class Is { unknown, other, namespace_, first_socket, socket };
    Is is = Is::unknown;
    dev_t device = 0;
    ino_t inode = 0;
  };

  void read_one(int directory, const char* number, Visit& visit, const CensusProcess& process);
  Look look_at(int directory, const char* number);
  /// A descriptor that was opened by a mount: only the namespace itself says which it is.
  void add_namespace_file(int directory, const char* number, const CensusProcess& process);
  void add_namespace(int directory, const char* number, NamespaceLink link,
                     const CensusProcess& process);
  void add_socket(const char* number, ino_t socket, Visit& visit, const CensusProcess& process);
  CensusIndex namespace_of_socket(int number, Visit& visit);
  /// After a failure: if it was a denial, that is to be told.
  void add_gap(Source source, Visit& visit);

  const Kernel& kernel_;
  const CensusRequest& request_;
  Findings& findings_;
  std::optional<dev_t> namespaces_;                 // the device that they are on; 0: not known
  dev_t sockets_device_ = 0;                        // that sockets are on; 0: not known yet
  std::unordered_map<ino_t, CensusIndex> sockets_;  // many processes share one
  alignas(8) std::array<char, 32768> buffer_;       // of the kernel's records
};

}  // namespace nsx
