#include "net/net_ids.hh"

#include <algorithm>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include <nsx/net.hh>

namespace nsx {

namespace {

constexpr const char* kGive = "give a netnsid to";

std::string subject_of(const Namespace& net) {
  return "net namespace " + std::to_string(net.identity().inode);
}

NetId parse(const nlmsghdr& answer) {
  NetId found;
  for_each_attribute(answer, sizeof(rtgenmsg), [&](const nlattr& attribute) {
    if (mnl_attr_get_payload_len(&attribute) < sizeof(std::int32_t)) return;
    const int value = static_cast<int>(mnl_attr_get_u32(&attribute));
    if (mnl_attr_get_type(&attribute) == NETNSA_NSID) found.id = value;
    if (mnl_attr_get_type(&attribute) == NETNSA_CURRENT_NSID && value >= 0) found.current = value;
  });
  return found;
}

}  // namespace

Result<std::vector<NetId>> list_net_ids(const RouteSocket& socket, std::optional<int> target) {
  RouteRequest request(RTM_GETNSID, NLM_F_DUMP);
  request.put_head<rtgenmsg>();
  if (target) {
    mnl_attr_put_u32(request.header(), NETNSA_TARGET_NSID, static_cast<std::uint32_t>(*target));
  }
  std::vector<NetId> ids;
  const std::string whose = target ? "the namespace with netnsid " + std::to_string(*target) : "";
  auto done = socket.ask(request, target ? "list the netnsids of" : "list netnsids", whose,
                         [&](const nlmsghdr& answer) { ids.push_back(parse(answer)); });
  if (!done) {
    if (target && done.error().code == EINVAL) done.error().hint = "there is no such netnsid";
    return error_of(done);
  }
  std::sort(ids.begin(), ids.end(), [](const NetId& a, const NetId& b) { return a.id < b.id; });
  return ids;
}

Status set_net_id(const RouteSocket& socket, const Namespace& net, std::optional<int> id) {
  RouteRequest request(RTM_NEWNSID);
  request.put_head<rtgenmsg>();
  mnl_attr_put_u32(request.header(), NETNSA_FD, static_cast<std::uint32_t>(net.fd()));
  mnl_attr_put_u32(request.header(), NETNSA_NSID,
                   static_cast<std::uint32_t>(id.value_or(NETNSA_NSID_NOT_ASSIGNED)));
  auto done = socket.ask(request, kGive, subject_of(net));
  if (done) return done;
  Error& error = done.error();
  if (error.code == EPERM) {
    error.hint = "needs CAP_NET_ADMIN in the user namespace that owns this net namespace";
  }
  if (error.code != EEXIST) return done;
  const auto known = peer_net_id(net);
  error.hint = known && *known
                   ? "it has the number " + std::to_string(**known) + ", which stays until it ends"
                   : "another namespace has the number " + std::to_string(id.value_or(0));
  return done;
}

}  // namespace nsx
