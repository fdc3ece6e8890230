// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "net/rtnetlink.hh"
#include "support.hh"

namespace nsx {
namespace {

WireEnd end(const char* who, std::initializer_list<const char*> addresses) {
  WireEnd made{who, false, {}, {}};
  for (const char* address : addresses)
    made.addresses.push_back(*parse_cidr(address));
  return made;
}

/// "10.0.0.1 fd00::1", or the error.
std::string spelled(const Result<std::vector<Cidr>>& found) {
  if (!found) return failure(found);
  std::string text;
  for (const Cidr& each : *found)
    text += (text.empty() ? "" : " ") + each.address();
  return text;
}

TEST(Gateways, AreNoneWhereNoEndIsRouted) {
  EXPECT_EQ(spelled(gateways({{end("a", {}), end("b", {})}, {}})), "");
}

TEST(Gateways, AreTheOtherEndsOfEachFamily) {
  const Wire wire{
      {end("a", {"10.0.0.2/24", "fd00::2/64"}), end("b", {"fd00::1/64", "10.0.0.1/24"})}, 0};
  EXPECT_EQ(spelled(gateways(wire)), "10.0.0.1 fd00::1");
}

TEST(Gateways, OfTheSecondEnd) {
  const Wire wire{{end("a", {"10.0.0.2/24"}), end("b", {"10.0.0.1/24"})}, 1};
  EXPECT_EQ(spelled(gateways(wire)), "10.0.0.2");
}

TEST(Gateways, AreInANetworkOfTheRoutedEnd) {
  const Wire wire{{end("a", {"10.0.0.2/24", "10.1.0.2/24", "fd00::2/64"}),
                   end("b", {"10.2.0.1/24", "10.1.0.1/24", "fd01::1/64"})},
                  0};
  EXPECT_EQ(spelled(gateways(wire)), "10.1.0.1");
}

TEST(Gateways, AreMissedWhereThereIsNone) {
  const std::string missed =
      "cannot add a default route to a: no address of the other end is in its network\nhint: give "
      "addresses of one network, like --addr 10.0.0.2/24 --addr 10.0.0.1/24";
  EXPECT_EQ(spelled(gateways({{end("a", {}), end("b", {})}, 0})), missed);
  EXPECT_EQ(spelled(gateways({{end("a", {"10.0.0.2/24"}), end("b", {})}, 0})), missed);
  EXPECT_EQ(spelled(gateways({{end("a", {"10.0.0.2/24"}), end("b", {"10.0.1.1/24"})}, 0})), missed);
  EXPECT_EQ(spelled(gateways({{end("a", {"10.0.0.2/24"}), end("b", {"fd00::1/64"})}, 0})), missed);
}

TEST(InterfaceName, IsWhatTheKernelTakesAsItIs) {
  for (const char* name : {"a", "eth0", "veth-blue", "fifteen-bytes-x", "a.b", "\303\244"})
    EXPECT_TRUE(check_interface_name(name)) << name;
  for (const char* name :
       {"", ".", "..", "sixteen-bytes-xx", "a/b", "a b", "a\tb", "a\n", "a:b", "veth%d", "50%"}) {
    EXPECT_FALSE(check_interface_name(name)) << name;
  }
  EXPECT_FALSE(check_interface_name(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace nsx
