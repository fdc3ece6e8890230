// SPDX-License-Identifier: MIT
#include "kernel/netlink.hh"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <new>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nsx/inside.hh>

#include "kernel/spawn.hh"
#include "try.hh"

namespace nsx {

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr* head = header();
  head->nlmsg_len = NLMSG_HDRLEN;
  head->nlmsg_type = type;
  head->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
}

void* NetlinkRequest::append(std::size_t size) {
  const std::size_t start = header()->nlmsg_len;
  const std::size_t end = start + NLMSG_ALIGN(size);
  // Names and addresses are far shorter.
  if (end > bytes_.size()) throw std::bad_alloc();
  header()->nlmsg_len = static_cast<std::uint32_t>(end);
  return bytes_.data() + start;
}

void NetlinkRequest::put(std::uint16_t type, const void* value, std::size_t size) {
  auto* attribute = static_cast<char*>(append(sizeof(nlattr) + size));
  const nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
  std::memcpy(attribute, &head, sizeof head);
  std::memcpy(attribute + sizeof head, value, size);
}

Status NetlinkRequest::send(int socket) {
  if (::send(socket, bytes_.data(), header()->nlmsg_len, 0) >= 0) return {};
  return fail("send", "");
}

std::optional<NetlinkMessage> next_message(std::string_view& datagram) {
  nlmsghdr header{};
  if (datagram.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, datagram.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return std::nullopt;
  const std::string_view body =
      datagram.substr(NLMSG_HDRLEN, header.nlmsg_len - std::size_t{NLMSG_HDRLEN});
  datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  return NetlinkMessage{header.nlmsg_type, header.nlmsg_flags, body};
}

std::optional<std::int32_t> NetlinkAttribute::number() const {
  std::int32_t number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value.data(), sizeof number);
  return number;
}

std::optional<NetlinkAttribute> next_attribute(std::string_view& rest) {
  nlattr header{};
  if (rest.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, rest.data(), sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > rest.size()) return std::nullopt;
  const std::string_view value = rest.substr(NLA_HDRLEN, header.nla_len - std::size_t{NLA_HDRLEN});
  rest.remove_prefix(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest.size()));
  return NetlinkAttribute{header.nla_type & NLA_TYPE_MASK, value};
}

Result<std::string> receive_netlink(int socket) {
  std::string datagram(std::size_t{64} << 10, '\0');  // the kernel fills at most 32 KiB
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(socket, datagram.data(), datagram.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("receive", "");
    if (from.nl_pid != 0) continue;
    datagram.resize(static_cast<std::size_t>(n));
    return datagram;
  }
}

namespace {

std::string hardware_address(std::string_view bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  return text;
}

std::string kind_in(std::string_view link_info) {
  while (const auto attribute = next_attribute(link_info)) {
    if (attribute->type == IFLA_INFO_KIND) return attribute->text();
  }
  return {};
}

std::optional<Interface> parse_link(const NetlinkMessage& message) {
  std::string_view rest = message.body;
  const auto head = take_head<ifinfomsg>(rest);
  if (message.type != RTM_NEWLINK || !head) return std::nullopt;
  Interface interface;
  interface.index = head->ifi_index;
  interface.is_up = (head->ifi_flags & IFF_UP) != 0;
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type == IFLA_IFNAME) interface.name = attribute->text();
    if (attribute->type == IFLA_LINKINFO) interface.kind = kind_in(attribute->value);
    if (attribute->type == IFLA_LINK_NETNSID) {
      // Negative values mean none (net_namespace.h).
      const auto id = attribute->number();
      if (id && *id >= 0) interface.link_net_id = id;
    }
    if (attribute->type == IFLA_ADDRESS && (head->ifi_flags & IFF_LOOPBACK) == 0) {
      interface.hardware_address = hardware_address(attribute->value);
    }
  }
  return interface;
}

std::string address_text(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  if ((family != AF_INET && family != AF_INET6) || bytes.size() != size) return {};
  return ::inet_ntop(family, bytes.data(), text.data(), text.size()) != nullptr ? text.data() : "";
}

void parse_address(const NetlinkMessage& message, std::vector<Interface>& interfaces) {
  std::string_view rest = message.body;
  const auto head = take_head<ifaddrmsg>(rest);
  if (message.type != RTM_NEWADDR || !head) return;
  // On point-to-point links the two differ: IFA_LOCAL is the address of this end.
  std::string local;
  std::string address;
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type == IFA_LOCAL) local = address_text(head->ifa_family, attribute->value);
    if (attribute->type == IFA_ADDRESS) address = address_text(head->ifa_family, attribute->value);
  }
  if (local.empty()) local = std::move(address);
  if (local.empty()) return;
  for (Interface& interface : interfaces) {
    if (static_cast<std::uint32_t>(interface.index) == head->ifa_index) {
      interface.addresses.push_back({std::move(local), head->ifa_prefixlen});
      return;
    }
  }
}

// --- Asking the kernel ---------------------------------------------------------------------------

constexpr const char* kAsk = "list the interfaces of";

/// The state of a dump after a datagram.
struct Progress {
  bool is_done = false;
  bool is_interrupted = false;  ///< something changed during the dump
  int code = 0;                 ///< errno value of a failure
};

Progress progress(std::string_view datagram) {
  Progress progress;
  while (const auto message = next_message(datagram)) {
    if ((message->flags & NLM_F_DUMP_INTR) != 0) progress.is_interrupted = true;
    if (message->type == NLMSG_DONE) progress.is_done = true;
    if (message->type == NLMSG_ERROR) {
      std::string_view body = message->body;
      const auto error = take_head<nlmsgerr>(body);
      progress.code = error && error->error < 0 ? -error->error : EBADMSG;
    }
  }
  return progress;
}

/// Returns all messages of a dump. The request contains an empty `Head`.
template <class Head>
Result<std::string> dump_once(int socket, std::uint16_t type, bool& is_interrupted) {
  const auto failed = [](int code) { return fail(kAsk, "the net namespace", code); };
  NetlinkRequest request(type, NLM_F_DUMP);
  request.put_head<Head>();
  if (auto sent = request.send(socket); !sent) return failed(sent.error().code);

  std::string all;
  is_interrupted = false;
  for (;;) {
    const auto datagram = receive_netlink(socket);
    if (!datagram) return failed(datagram.error().code);
    const Progress now = progress(*datagram);
    if (now.code != 0) return failed(now.code);
    is_interrupted = is_interrupted || now.is_interrupted;
    all += *datagram;
    if (now.is_done) return all;
  }
}

/// Repeats the dump if it was interrupted by changes, because interfaces could be missing.
template <class Head>
Result<std::string> dump(int socket, std::uint16_t type) {
  constexpr int kTries = 10;
  bool is_interrupted = true;
  Result<std::string> all;
  for (int i = 0; i < kTries && is_interrupted; ++i) {
    all = dump_once<Head>(socket, type, is_interrupted);
    if (!all) break;
  }
  return all;
}

}  // namespace

std::vector<Interface> parse_interfaces(std::string_view links, std::string_view addresses) {
  std::vector<Interface> interfaces;
  while (const auto message = next_message(links)) {
    if (auto interface = parse_link(*message)) interfaces.push_back(std::move(*interface));
  }
  std::stable_sort(interfaces.begin(), interfaces.end(),
                   [](const auto& a, const auto& b) { return a.index < b.index; });
  while (const auto message = next_message(addresses))
    parse_address(*message, interfaces);
  return interfaces;
}

Result<std::vector<Interface>> read_interfaces(const Kernel& kernel, const Namespace& net) {
  const auto visitor = TRY(Visitor::send(kernel, net));
  const auto links = TRY(dump<ifinfomsg>(visitor.socket(), RTM_GETLINK));
  const auto addresses = TRY(dump<ifaddrmsg>(visitor.socket(), RTM_GETADDR));
  return parse_interfaces(links, addresses);
}

std::optional<std::int32_t> find_net_id(const char* answer, std::size_t size) {
  std::string_view datagram(answer, size);
  const auto message = next_message(datagram);
  if (!message || message->type != RTM_NEWNSID) return std::nullopt;
  std::string_view rest = message->body;
  if (!take_head<rtgenmsg>(rest)) return std::nullopt;
  while (const auto attribute = next_attribute(rest)) {
    if (attribute->type == NETNSA_NSID) return attribute->number();
  }
  return std::nullopt;
}

namespace {

constexpr const char* kAskId = "get the netnsid of";

std::string subject_of(const Namespace& net) {
  return "net namespace " + std::to_string(net.identity().inode);
}

/// Returns the netnsid that the namespace of a socket has assigned to another.
Result<std::optional<int>> ask_net_id(int socket, const Namespace& net) {
  const std::string subject = subject_of(net);
  const NetIdRequest request = net_id_request(NETNSA_FD, static_cast<std::uint32_t>(net.fd()));
  if (::send(socket, &request, sizeof request, 0) < 0) return fail(kAskId, subject);

  char answer[4096];
  const ssize_t size = ::recv(socket, answer, sizeof answer, 0);
  if (size < 0) return fail(kAskId, subject);
  const auto id = find_net_id(answer, static_cast<std::size_t>(size));
  if (!id) return refuse(kAskId, subject, "the kernel gave no answer");
  if (*id == NETNSA_NSID_NOT_ASSIGNED) return std::optional<int>{};
  return std::optional<int>(*id);
}

}  // namespace

Result<std::optional<int>> peer_net_id(const Namespace& net) {
  const OwnedFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail(kAskId, subject_of(net));
  return ask_net_id(socket.get(), net);
}

Result<std::vector<std::optional<int>>> net_ids_in(const Kernel& kernel, const Namespace& net,
                                                   std::span<const Namespace> others) {
  // A request with a descriptor returns the netnsid in the namespace of the sender.
  const auto visitor = TRY(Visitor::send(kernel, net));
  std::vector<std::optional<int>> ids;
  for (const Namespace& other : others) {
    ids.push_back(TRY(ask_net_id(visitor.socket(), other)));
  }
  return ids;
}

Status bring_up_loopback() {
  constexpr const char* kSet = "bring up";
  constexpr const char* kLoopback = "the interface lo";
  // Any socket works (netdevice(7)). A rtnetlink socket would keep the namespace alive for a few
  // milliseconds after it is closed, and someone who removes the namespace meanwhile would find an
  // unexplained holder.
  const OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(kSet, kLoopback);

  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return fail(kSet, kLoopback);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0) return {};
  const int code = errno;
  return fail(
      kSet, kLoopback, code,
      code == EPERM ? "needs CAP_NET_ADMIN in the user namespace that owns the net namespace" : "");
}

}  // namespace nsx
