// SPDX-License-Identifier: MIT
#pragma once
// rtnetlink(7) by libmnl. What is below lib/net is linked into the tools that use it, not into
// libnsx: loading libmnl costs a start.

#include <array>
#include <cstdint>
#include <functional>
#include <libmnl/libmnl.h>
#include <memory>
#include <string>

#include <nsx/namespace.hh>

namespace nsx {

/// Calls `visit` with each attribute of a message, from `offset` of its payload on. (libmnl's macro
/// for that is C.)
template <class Visit>
void for_each_attribute(const nlmsghdr& message, std::size_t offset, Visit visit) {
  const auto call = [](const nlattr* attribute, void* visitor) {
    (*static_cast<Visit*>(visitor))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, static_cast<unsigned>(offset), call, &visit);
}

/// A message to be sent, which libmnl's mnl_nlmsg_put_extra_header() and mnl_attr_put_*() add to.
/// All that is put here fits with room to spare: names are short, and lists are not sent.
class RouteRequest {
 public:
  /// Of a type such as RTM_NEWADDR; `flags` besides NLM_F_REQUEST: NLM_F_CREATE ...
  explicit RouteRequest(std::uint16_t type, std::uint16_t flags = 0);

  /// Adds the head that belongs to the type, ifinfomsg or the like, all zero.
  template <class Head>
  Head* put_head() {
    return static_cast<Head*>(mnl_nlmsg_put_extra_header(header_, sizeof(Head)));
  }

  nlmsghdr* header() { return header_; }

 private:
  alignas(NLMSG_ALIGNTO) std::array<char, 2048> bytes_{};
  nlmsghdr* header_;
};

/// A socket for rtnetlink. It stays in the net namespace that it was opened in, wherever its
/// process goes.
class RouteSocket {
 public:
  /// In the caller's net namespace.
  static Result<RouteSocket> open();

  /// In another, in which the calling process, which must have one thread, is from then on
  /// (setns(2)). Needs CAP_SYS_ADMIN there, and in the caller's user namespace.
  static Result<RouteSocket> open_in(const Namespace& net);

  /// Sends a request and waits for its acknowledgement. The error has the kernel's own words as a
  /// hint, where it gives some (NETLINK_EXT_ACK).
  Status ask(RouteRequest& request, const std::string& operation, const std::string& subject) const;

  /// Sends a request that is answered by messages, one or a dump of many, and hands each over.
  Status ask(RouteRequest& request, const std::string& operation, const std::string& subject,
             const std::function<void(const nlmsghdr&)>& answer) const;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  explicit RouteSocket(mnl_socket* socket) : socket_(socket) {}

  Status send(RouteRequest& request, const std::string& operation,
              const std::string& subject) const;

  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace nsx
