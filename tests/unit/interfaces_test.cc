// SPDX-License-Identifier: MIT
#include <cstring>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include "kernel/netlink.hh"
#include "support.hh"

namespace nsx {
namespace {

using namespace std::string_literals;

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
  bytes.resize(NLMSG_ALIGN(bytes.size()));
  return bytes;
}

std::string attribute(std::uint16_t type, const std::string& value) {
  rtattr header{};
  header.rta_type = type;
  header.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(value.size()));
  std::string bytes = bytes_of(header) + value;
  bytes.resize(RTA_ALIGN(bytes.size()));
  return bytes;
}

std::string message(std::uint16_t type, const std::string& body) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size());
  return bytes_of(header) + body;
}

std::string link(int index, unsigned flags, const std::string& attributes) {
  ifinfomsg head{};
  head.ifi_index = index;
  head.ifi_flags = flags;
  return message(RTM_NEWLINK, bytes_of(head) + attributes);
}

std::string address(unsigned index, int family, std::uint8_t prefix,
                    const std::string& attributes) {
  ifaddrmsg head{};
  head.ifa_index = index;
  head.ifa_family = static_cast<std::uint8_t>(family);
  head.ifa_prefixlen = prefix;
  return message(RTM_NEWADDR, bytes_of(head) + attributes);
}

std::string name(const std::string& text) {
  return attribute(IFLA_IFNAME, text + std::string(1, '\0'));
}

/// "2 eth0 veth 02:03 up 10.0.0.1/8", one a line.
std::string spelled(const std::vector<Interface>& interfaces) {
  std::string text;
  for (const Interface& each : interfaces) {
    text += std::to_string(each.index) + ' ' + each.name + ' ' + each.kind + ' ' +
            each.hardware_address + (each.is_up ? " up" : " down");
    for (const auto& [address, prefix] : each.addresses)
      text += ' ' + address + '/' + std::to_string(prefix);
    if (each.link_net_id) text += " to " + std::to_string(*each.link_net_id);
    text += '\n';
  }
  return text;
}

TEST(ParseInterfaces, TakesLinksWithTheirAddresses) {
  const std::string links =
      link(2, IFF_UP,
           name("eth0") + attribute(IFLA_ADDRESS, std::string("\x02\xab\x00\x10\x20\xff", 6)) +
               attribute(IFLA_LINKINFO | NLA_F_NESTED, attribute(IFLA_INFO_KIND, "veth"))) +
      link(1, IFF_LOOPBACK, name("lo") + attribute(IFLA_ADDRESS, std::string(6, '\0'))) +
      message(NLMSG_DONE, std::string(4, '\0'));
  const std::string addresses =
      address(2, AF_INET, 24, attribute(IFA_LOCAL, "\x0a\x01\x02\x03"s)) +
      address(1, AF_INET6, 128, attribute(IFA_ADDRESS, std::string(15, '\0') + '\x01')) +
      address(9, AF_INET, 8, attribute(IFA_LOCAL, "\x0a\x01\x02\x03"s)) +
      message(NLMSG_DONE, std::string(4, '\0'));
  EXPECT_EQ(spelled(parse_interfaces(links, addresses)),
            "1 lo   down ::1/128\n"
            "2 eth0 veth 02:ab:00:10:20:ff up 10.1.2.3/24\n");
}

TEST(ParseInterfaces, TakesTheLocalEndOfAPointToPointLink) {
  const std::string both =
      attribute(IFA_ADDRESS, "\x0a\x00\x00\x02"s) + attribute(IFA_LOCAL, "\x0a\x00\x00\x01"s);
  EXPECT_EQ(spelled(parse_interfaces(link(3, 0, name("tun0")), address(3, AF_INET, 32, both))),
            "3 tun0   down 10.0.0.1/32\n");
}

TEST(ParseInterfaces, TakesTheNumberOfTheOtherEndsNamespace) {
  const auto with = [&](const std::string& value) {
    return spelled(
        parse_interfaces(link(2, 0, name("a") + attribute(IFLA_LINK_NETNSID, value)), ""));
  };
  EXPECT_EQ(with("\x05\0\0\0"s), "2 a   down to 5\n");
  EXPECT_EQ(with("\xff\xff\xff\xff"s), "2 a   down\n");
  EXPECT_EQ(with("\x05\0"s), "2 a   down\n");
}

TEST(ParseInterfaces, EndsWhereTheTextMakesNoSense) {
  const std::string good = link(2, 0, name("eth0"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_LE(parse_interfaces(good.substr(0, size), good).size(), 1U);
  }
  nlmsghdr header{};
  header.nlmsg_type = RTM_NEWLINK;  // its length is 0: a parser would never get on
  EXPECT_TRUE(parse_interfaces(bytes_of(header), "").empty());
  rtattr endless{};
  EXPECT_EQ(spelled(parse_interfaces(link(2, 0, bytes_of(endless) + name("x")), "")),
            "2    down\n");
}

TEST(ParseInterfaces, PassesOverAddressesOfOtherFamiliesAndSizes) {
  const std::string addresses =
      address(1, AF_INET, 8, attribute(IFA_LOCAL, "\x0a"s)) +
      address(1, AF_INET6, 8, attribute(IFA_ADDRESS, "\x0a\x00\x00\x02"s)) +
      address(1, AF_PHONET, 8, attribute(IFA_LOCAL, "\x0a\x00\x00\x02"s));
  EXPECT_EQ(spelled(parse_interfaces(link(1, 0, name("lo")), addresses)), "1 lo   down\n");
}

// --- On the real kernel --------------------------------------------------------------------------

TEST(ReadInterfaces, LooksIntoANamespaceAndStaysWhereItIs) {
  NSX_NEEDS_USER_NAMESPACES();
  Child child([] {
    if (!become_root_in_new_namespaces(CLONE_NEWNET)) return 1;
    if (!bring_up_loopback()) return 2;
    const Kernel kernel = newest_kernel();
    const Namespace upper = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
    if (::unshare(CLONE_NEWNET) != 0) return 3;
    const Namespace lower = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
    std::fputs(spelled(must(read_interfaces(kernel, upper))).c_str(), stdout);
    std::fputs(spelled(must(read_interfaces(kernel, lower))).c_str(), stdout);
    const Namespace after = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
    return after.identity() == lower.identity() ? 0 : 4;
  });
  const std::string output = child.read_all();
  EXPECT_TRUE(output.starts_with("1 lo   up 127.0.0.1/8")) << output;
  EXPECT_NE(output.find("1 lo   down\n"), std::string::npos) << output;
  EXPECT_EQ(child.wait(), 0);
}

TEST(ReadInterfaces, NeedsNoRightForTheCallersOwn) {
  Child child([] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 1;
    const Kernel kernel = newest_kernel();
    const Namespace own = must(Namespace::open_file(kernel, "/proc/self/ns/net"));
    std::fputs(spelled(must(read_interfaces(kernel, own))).c_str(), stdout);
    return 0;
  });
  EXPECT_TRUE(child.read_all().starts_with("1 lo "));
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace nsx
