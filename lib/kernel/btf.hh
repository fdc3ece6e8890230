// SPDX-License-Identifier: MIT
#pragma once
// BTF, the kernel's description of its own types and functions (Documentation/bpf/btf.rst).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nsx/result.hh>

namespace nsx {

/// What a BPF program needs to know of the running kernel.
struct BtfQuestion {
  enum class Type : std::uint8_t {
    offset,    ///< of a member of a struct, in bytes
    exists,    ///< whether there is such a member: 0 or 1
    size,      ///< of a struct
    id,        ///< of the type of a struct
    function,  ///< id of the type of a function
  };

  Type type;
  const char* name;       ///< of the struct or function
  const char* member;     ///< with the names of the structs around it: "ns.inum"
  std::uint32_t size;     ///< that the member must have
  bool optional = false;  ///< without the member, the answer is 0
};

/// Answers questions, in their order. There are no answers at all if one of them is not certain: a
/// missing or ambiguous name, a member of another size, malformed or truncated BTF.
std::optional<std::vector<std::uint32_t>> answer(std::span<const std::byte> btf,
                                                 std::span<const BtfQuestion> questions);

/// The BTF of the running kernel, in memory.
class KernelBtf {
 public:
  /// Errors: the kernel has none, or /sys is not the kernel's own.
  static Result<KernelBtf> open();

  /// Returns whether open() has a file to read.
  static bool exists();

  KernelBtf(KernelBtf&& other) noexcept;
  KernelBtf& operator=(KernelBtf&& other) = delete;
  KernelBtf(const KernelBtf&) = delete;
  KernelBtf& operator=(const KernelBtf&) = delete;
  ~KernelBtf();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  KernelBtf(std::byte* data, std::size_t size, std::size_t mapped)
      : data_(data), size_(size), mapped_(mapped) {}

  std::byte* data_;
  std::size_t size_;
  std::size_t mapped_;
};

}  // namespace nsx
