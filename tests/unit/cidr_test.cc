// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "net/rtnetlink.hh"
#include "support.hh"

namespace nsx {
namespace {

std::string spelled(std::string_view text) {
  const auto cidr = parse_cidr(text);
  if (!cidr) return failure(cidr);
  return cidr->address() + '/' + std::to_string(cidr->prefix);
}

TEST(Cidr, IsParsedAndSpelled) {
  EXPECT_EQ(spelled("10.0.0.1/24"), "10.0.0.1/24");
  EXPECT_EQ(spelled("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(spelled("10.0.0.1/32"), "10.0.0.1/32");
  EXPECT_EQ(spelled("FD00:0:0::1/64"), "fd00::1/64");
  EXPECT_EQ(spelled("::ffff:10.0.0.1/128"), "::ffff:10.0.0.1/128");
  EXPECT_EQ(parse_cidr("10.0.0.1/24")->family, AF_INET);
  EXPECT_EQ(parse_cidr("fd00::1/64")->family, AF_INET6);
}

TEST(Cidr, RefusesWhatIsNone) {
  const std::string none = "expected an IPv4 or IPv6 address like 10.0.0.1/24 or fd00::1/64";
  for (const char* text : {"", "/24", "x/24", "10.0.0/24", "10.0.0.256/24", "10.0.0.1.2/24",
                           " 10.0.0.1/24", "fd00:::1/64", "fe80::1%eth0/64", "localhost/8"}) {
    EXPECT_EQ(spelled(text), "invalid address '" + std::string(text) + "': " + none);
  }
  EXPECT_FALSE(parse_cidr(std::string_view("10.0.0.1\0/24", 12)));
}

TEST(Cidr, RefusesAPrefixThatIsNone) {
  EXPECT_EQ(
      spelled("10.0.0.1"),
      "invalid address '10.0.0.1': the prefix length is missing\nhint: append it: 10.0.0.1/24");
  EXPECT_EQ(spelled("fd00::1"),
            "invalid address 'fd00::1': the prefix length is missing\nhint: append it: fd00::1/64");
  for (const char* text : {"10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+8", "10.0.0.1/8 ",
                           "10.0.0.1/8/8", "10.0.0.1/255.255.255.0", "10.0.0.1/99999999999"}) {
    EXPECT_EQ(spelled(text),
              "invalid address '" + std::string(text) + "': expected a prefix length from 0 to 32");
  }
  EXPECT_NE(spelled("fd00::1/129").find("from 0 to 128"), std::string::npos);
}

TEST(Cidr, KnowsItsNetwork) {
  const auto has = [](const char* own, const char* other) {
    return parse_cidr(own)->has_in_network(*parse_cidr(other));
  };
  EXPECT_TRUE(has("10.0.0.1/24", "10.0.0.2/32"));
  EXPECT_FALSE(has("10.0.0.1/24", "10.0.1.2/24"));
  EXPECT_TRUE(has("10.0.0.1/23", "10.0.1.2/24"));
  EXPECT_FALSE(has("10.0.0.1/32", "10.0.0.2/24"));
  EXPECT_TRUE(has("10.0.0.1/0", "192.168.0.1/24"));
  EXPECT_TRUE(has("10.0.0.128/25", "10.0.0.129/25"));
  EXPECT_FALSE(has("10.0.0.128/25", "10.0.0.127/25"));
  EXPECT_TRUE(has("fd00::1/64", "fd00::ffff:1/64"));
  EXPECT_FALSE(has("fd00::1/64", "fd00:0:0:1::1/64"));
  EXPECT_FALSE(has("10.0.0.1/0", "fd00::1/64"));
}

}  // namespace
}  // namespace nsx
