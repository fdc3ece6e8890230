// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "nsx-ls/views.hh"

namespace nsx::ls_tool {
namespace {

Compared made(std::initializer_list<std::pair<Kind, ino_t>> namespaces) {
  Compared compared;
  for (const auto& [kind, inode] : namespaces) {
    NamespaceIdentity identity;
    identity.inode = inode;
    compared.namespaces[static_cast<std::size_t>(kind)] = identity;
  }
  return compared;
}

/// "net same, uts different"
std::string compared(const std::vector<Compared>& all) {
  std::string text;
  for (const ComparedKind& row : compare(all)) {
    text += (text.empty() ? "" : ", ") + std::string(name(row.kind)) +
            (row.is_same ? " same" : " different");
  }
  return text;
}

TEST(Compare, TellsKindByKind) {
  EXPECT_EQ(compared({made({{Kind::net, 1}, {Kind::uts, 2}}),  //
                      made({{Kind::net, 1}, {Kind::uts, 3}})}),
            "net same, uts different");
}

TEST(Compare, IsOfAll) {
  const Compared one = made({{Kind::net, 1}});
  EXPECT_EQ(compared({one, one, one}), "net same");
  EXPECT_EQ(compared({one, one, made({{Kind::net, 2}})}), "net different");
  EXPECT_EQ(compared({one, made({{Kind::net, 2}}), one}), "net different");
}

TEST(Compare, LeavesOutWhatNotAllHave) {
  EXPECT_EQ(compared({made({{Kind::mnt, 3}, {Kind::net, 1}}), made({{Kind::net, 1}})}), "net same");
  EXPECT_EQ(compared({made({{Kind::net, 1}}), made({{Kind::mnt, 3}, {Kind::net, 1}})}), "net same");
  EXPECT_EQ(compared({made({{Kind::mnt, 3}}), made({{Kind::net, 1}})}), "");
}

TEST(Compare, TakesTheIdFor64Bits) {
  Compared one = made({{Kind::net, 1}});
  Compared other = one;
  one.namespaces[static_cast<std::size_t>(Kind::net)]->id = 7;
  other.namespaces[static_cast<std::size_t>(Kind::net)]->id = 8;
  EXPECT_EQ(compared({one, other}), "net different");
}

}  // namespace
}  // namespace nsx::ls_tool
