// SPDX-License-Identifier: MIT
#pragma once
// A census made by hand, for the views of it.

#include <nsx/census.hh>

namespace nsx {

class MadeCensus {
 public:
  /// A namespace; give them by ascending inode number. Returns its index.
  CensusIndex ns(Kind kind, ino_t inode, CensusIndex parent = kNone, CensusIndex owner = kNone) {
    CensusNamespace made;
    made.kind = kind;
    made.identity.inode = inode;
    made.parent = parent;
    made.owner = owner;
    census.namespaces.push_back(made);
    return static_cast<CensusIndex>(census.namespaces.size() - 1);
  }

  /// A process in these namespaces; give them by ascending PID.
  void process(pid_t pid, pid_t parent, std::initializer_list<CensusIndex> in, uid_t uid = 0) {
    CensusProcess made;
    made.pid = pid;
    made.parent = parent;
    made.uid = uid;
    made.namespaces.fill(kNone);
    const auto index = static_cast<CensusIndex>(census.processes.size());
    for (const CensusIndex i : in) {
      CensusNamespace& entered = census.namespaces[i];
      made.namespaces[static_cast<std::size_t>(entered.kind)] = i;
      if (entered.process_count++ == 0) entered.first_process = index;
    }
    census.processes.push_back(made);
  }

  Census census;
};

}  // namespace nsx
