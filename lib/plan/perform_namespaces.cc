#include <sched.h>
#include <unistd.h>

#include <nsx/net.hh>

#include "plan/hints.hh"
#include "plan/perform.hh"

namespace nsx {

Status perform(const step::BecomeOwner& s) {
  if (auto done = perform(step::DropGroups{}); !done) return done;
  return perform(step::SetIds{s.gid, s.uid});
}

Status perform(const step::JoinNamespace& s) {
  if (::setns(s.fd, info(s.kind).clone_flag) == 0) return {};
  return fail(std::string("join the ") + name(s.kind) + " namespace of", s.of, errno,
              hint_for_setns(errno, s.kind));
}

Status perform(const step::Unshare& s) {
  if (::unshare(s.kinds.clone_flags()) == 0) return {};
  const int code = errno;
  std::string list;
  for (const Kind kind : s.kinds)
    list += (list.empty() ? "" : ", ") + std::string(name(kind));
  return fail("make new namespaces:", list, code, hint_for_unshare(code, s.kinds));
}

Status perform(const step::SetHostname& s) {
  if (::sethostname(s.name.data(), s.name.size()) == 0) return {};
  const int code = errno;
  return fail("set the host name to", s.name, code, hint_for_hostname(code));
}

Status perform(const step::BringUpLoopback&) {
  return bring_up_loopback();
}

}  // namespace nsx
