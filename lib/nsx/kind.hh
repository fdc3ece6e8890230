#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include <nsx/result.hh>

namespace nsx {

/// The eight kinds of namespace, by the kernel's names in /proc/PID/ns (namespaces(7)).
enum class Kind : std::uint8_t { cgroup, ipc, mnt, net, pid, time, user, uts };

inline constexpr std::size_t kKindCount = 8;

/// What is known of a kind without asking the kernel.
struct KindInfo {
  Kind kind;
  const char* name;          ///< "mnt": the name in /proc/PID/ns
  const char* for_children;  ///< "pid_for_children", or null: where unshare(2) and setns(2) show
  int clone_flag;            ///< CLONE_NEWNS: the flag of unshare(2), setns(2), clone(2)
  unsigned pidfd_request;    ///< PIDFD_GET_MNT_NAMESPACE: ioctl(2) on a pidfd, Linux 6.11
  unsigned pidfd_children_request;  ///< PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, or 0
};

/// All kinds, in the order of `Kind`.
NSX_API extern const std::array<KindInfo, kKindCount> kKinds;

inline const KindInfo& info(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}
inline const char* name(Kind kind) {
  return info(kind).name;
}

/// The kind of this name ("mnt"), or none.
NSX_API std::optional<Kind> kind_by_name(std::string_view name);

/// The kind of this CLONE_NEW* flag, as NS_GET_NSTYPE answers (ioctl_ns(2)), or none.
NSX_API std::optional<Kind> kind_by_clone_flag(int flag);

/// A set of kinds; iterates in the order of `Kind`.
class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr KindSet(std::initializer_list<Kind> kinds) {
    for (const Kind kind : kinds)
      insert(kind);
  }
  static constexpr KindSet all() {
    KindSet set;
    set.bits_ = 0xff;
    return set;
  }

  constexpr void insert(Kind kind) { bits_ = static_cast<std::uint8_t>(bits_ | bit(kind)); }
  constexpr void remove(Kind kind) { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(kind)); }
  constexpr bool contains(Kind kind) const { return (bits_ & bit(kind)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const KindSet&) const = default;

  /// The CLONE_NEW* flags of all members.
  NSX_API int clone_flags() const;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Kind;
    using difference_type = std::ptrdiff_t;
    using pointer = const Kind*;
    using reference = Kind;

    constexpr explicit Iterator(unsigned bits) : bits_(bits) {}
    constexpr Kind operator*() const { return static_cast<Kind>(std::countr_zero(bits_)); }
    constexpr Iterator& operator++() {
      bits_ &= bits_ - 1;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    unsigned bits_;
  };
  constexpr Iterator begin() const { return Iterator(bits_); }
  static constexpr Iterator end() { return Iterator(0); }

 private:
  static constexpr unsigned bit(Kind kind) { return 1U << static_cast<unsigned>(kind); }
  std::uint8_t bits_ = 0;
};

}  // namespace nsx
