// SPDX-License-Identifier: MIT
#pragma once
// rtnetlink(7) through libmnl. The files in lib/net are linked into the tools that use them rather
// than into libnsx, as loading libmnl would slow down every start.

#include <array>
#include <cstdint>
#include <functional>
#include <libmnl/libmnl.h>
#include <memory>
#include <string>

#include <nsx/namespace.hh>

namespace nsx {

/// Calls `visit` with each attribute of a message, starting at `offset` in its payload. Replaces
/// libmnl's macro, which is only for C.
template <class Visit>
void for_each_attribute(const nlmsghdr& message, std::size_t offset, Visit visit) {
  const auto call = [](const nlattr* attribute, void* visitor) {
    (*static_cast<Visit*>(visitor))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, static_cast<unsigned>(offset), call, &visit);
}

/// A request, to which libmnl's mnl_nlmsg_put_extra_header() and mnl_attr_put_*() append. The
/// buffer is large enough for all requests: names are short, and no lists are sent.
class RouteRequest {
 public:
  /// Creates a request of a type such as RTM_NEWADDR. `flags` are added to NLM_F_REQUEST:
  /// NLM_F_CREATE ...
  explicit RouteRequest(std::uint16_t type, std::uint16_t flags = 0);

  /// Appends the header of the type, ifinfomsg or the like, filled with zeros.
  template <class Head>
  Head* put_head() {
    return static_cast<Head*>(mnl_nlmsg_put_extra_header(header_, sizeof(Head)));
  }

  nlmsghdr* header() { return header_; }

 private:
  alignas(NLMSG_ALIGNTO) std::array<char, 2048> bytes_{};
  nlmsghdr* header_;
};

/// A socket for rtnetlink. It stays in the net namespace in which it was opened, even if the
/// process moves to another.
class RouteSocket {
 public:
  /// Opens a socket in the caller's net namespace.
  static Result<RouteSocket> open();

  /// Opens a socket in another net namespace. The calling process, which must be single-threaded,
  /// moves there (setns(2)). Needs CAP_SYS_ADMIN there and in the caller's user namespace.
  static Result<RouteSocket> open_in(const Namespace& net);

  /// Sends a request and waits for the acknowledgement. The hint of an error contains the kernel's
  /// message, if there is one (NETLINK_EXT_ACK).
  Status ask(RouteRequest& request, const std::string& operation, const std::string& subject) const;

  /// Sends a request that is answered by one message or a dump of many, and passes each to
  /// `answer`.
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
