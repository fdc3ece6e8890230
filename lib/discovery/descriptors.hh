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
  void read_one(int directory, const char* number, Visit& visit, const CensusProcess& process);
  void found_file(int directory, const char* number, const CensusProcess& process);
  void found_namespace(int directory, const char* number, NamespaceLink link,
                       const CensusProcess& process);
  void found_socket(int number, ino_t socket, Visit& visit, const CensusProcess& process);
  CensusIndex namespace_of_socket(int number, Visit& visit);
  /// After a failure: if it was a denial, that is to be told.
  void add_gap(Source source, Visit& visit);

  const Kernel& kernel_;
  const CensusRequest& request_;
  Findings& findings_;
  std::optional<dev_t> namespaces_;                 // the device that they are on; 0: not known
  std::unordered_map<ino_t, CensusIndex> sockets_;  // many processes share one
  alignas(8) std::array<char, 32768> buffer_;       // of the kernel's records
};

}  // namespace nsx
