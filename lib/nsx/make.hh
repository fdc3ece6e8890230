#pragma once

#include <optional>
#include <vector>

#include <nsx/create.hh>
#include <nsx/fd.hh>
#include <nsx/kernel.hh>
#include <nsx/namespace.hh>
#include <nsx/plan.hh>

namespace nsx {

/// New namespaces that no process of the caller's is in: held by these handles, until they are
/// pinned.
class NSX_API MadeNamespaces {
 public:
  const std::vector<Namespace>& namespaces() const { return namespaces_; }

  /// How the program has ended that was run inside; none: there was none.
  const std::optional<Outcome>& outcome() const { return outcome_; }

  /// Lets the init of the new pid namespace, if there is one, outlive this process: it has the name
  /// kLeftInit (nsx/pin.hh). Else it ends with this object.
  Status keep();

 private:
  friend Result<MadeNamespaces> make_namespaces(const Kernel&, const CreateRequest&);
  MadeNamespaces() = default;
  Status take(const Kernel& kernel, std::vector<OwnedFd> fds);

  std::vector<Namespace> namespaces_;
  std::optional<Outcome> outcome_;
  OwnedFd init_;  // it waits for a word, or for the end, of this pipe
};

/// Makes namespaces as plan_create() would; the caller stays where it is: a child makes them and
/// ends, or, for kinds that change nothing else of the process, the calling thread, which comes
/// back. Should it fail to come back, that is the error. Of the request this takes what concerns
/// namespaces: kinds, maps, clocks, names, propagation, loopback. If it names a program, that is
/// run inside, as a process of its own, and waited for. A new pid namespace gets an init, which
/// mounts proc on /proc where there is a new mount namespace as well. Ends with the caller,
/// whatever ends that.
NSX_API Result<MadeNamespaces> make_namespaces(const Kernel& kernel, const CreateRequest& request);

}  // namespace nsx
