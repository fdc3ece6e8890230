// SPDX-License-Identifier: MIT
#pragma once
// Sets of enumerators: namespace kinds, census sources, kernel features, trace areas.
//
//   const nsx::KindSet kinds{nsx::Kind::net, nsx::Kind::uts};
//   for (const nsx::Kind kind : kinds) std::puts(nsx::name(kind));

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <type_traits>

namespace nsx {

/// A set of enumerators with the values 0 to `last`, of which there may be at most 32. Stores one
/// bit per enumerator, and iterates in the order of the values.
template <class Enum, Enum last>
class EnumSet {
  static constexpr std::size_t kCount = static_cast<std::size_t>(last) + 1;
  static_assert(kCount <= 32);
  using Bits = std::conditional_t<kCount <= 8, std::uint8_t,
                                  std::conditional_t<kCount <= 16, std::uint16_t, std::uint32_t>>;

 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<Enum> members) {
    for (const Enum member : members)
      insert(member);
  }
  static constexpr EnumSet all() {
    EnumSet set;
    set.bits_ = static_cast<Bits>((std::uint64_t{1} << kCount) - 1);
    return set;
  }

  constexpr void insert(Enum member) { bits_ = static_cast<Bits>(bits_ | bit(member)); }
  constexpr void insert(EnumSet others) { bits_ = static_cast<Bits>(bits_ | others.bits_); }
  constexpr void remove(Enum member) { bits_ = static_cast<Bits>(bits_ & ~bit(member)); }
  constexpr bool contains(Enum member) const { return (bits_ & bit(member)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const EnumSet&) const = default;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Enum;
    using difference_type = std::ptrdiff_t;
    using pointer = const Enum*;
    using reference = Enum;

    constexpr explicit Iterator(std::uint32_t bits) : bits_(bits) {}
    constexpr Enum operator*() const { return static_cast<Enum>(std::countr_zero(bits_)); }
    constexpr Iterator& operator++() {
      bits_ &= bits_ - 1;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    std::uint32_t bits_;
  };
  constexpr Iterator begin() const { return Iterator(bits_); }
  static constexpr Iterator end() { return Iterator(0); }

 private:
  static constexpr std::uint32_t bit(Enum member) {
    return std::uint32_t{1} << static_cast<unsigned>(member);
  }
  Bits bits_ = 0;
};

}  // namespace nsx
