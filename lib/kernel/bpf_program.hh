// SPDX-License-Identifier: MIT
#pragma once
// Loads a BPF program that was made into tables when nsx was built (bpf_tables.py), for a kernel
// whose structures are looked up in its BTF. Far faster than libbpf, which reads an object file.

#include <cstddef>
#include <cstdint>
#include <span>

#include <nsx/fd.hh>

#include "kernel/btf.hh"

namespace nsx {

/// A program as bpf_tables.py prints it.
struct BpfProgram {
  /// The instruction that takes an answer, or the descriptor of a map.
  struct Fix {
    std::uint32_t instruction;
    std::uint32_t number;
  };
  struct Function {
    std::uint32_t instruction;
    std::uint32_t type;  ///< in `types`
  };

  std::span<const std::uint64_t> code;
  std::span<const BtfQuestion> questions;  ///< the first one is the hook
  std::span<const Fix> fixes;
  std::span<const Fix> map_uses;
  std::span<const char* const> maps;
  std::span<const Function> functions;
  std::span<const unsigned char> types;  ///< BTF of its functions
};

/// An array that a BPF program shares with the caller.
class BpfArray {
 public:
  static Result<BpfArray> create(const char* name, std::size_t value_size, std::size_t count);

  BpfArray(BpfArray&& other) noexcept;
  BpfArray& operator=(BpfArray&& other) = delete;
  BpfArray(const BpfArray&) = delete;
  BpfArray& operator=(const BpfArray&) = delete;
  ~BpfArray();

  int fd() const { return fd_.get(); }
  std::size_t size() const { return count_; }

  /// Returns the values. T must have the size of a value, and that a multiple of 8.
  template <class T>
  std::span<T> values() const {
    static_assert(sizeof(T) % 8 == 0);
    return {static_cast<T*>(memory_), count_};
  }

 private:
  BpfArray(OwnedFd fd, void* memory, std::size_t count, std::size_t bytes)
      : fd_(std::move(fd)), memory_(memory), count_(count), bytes_(bytes) {}

  OwnedFd fd_;
  void* memory_;
  std::size_t count_;
  std::size_t bytes_;
};

/// Loads an iterator for the kernel with these answers to its questions. `maps` are the descriptors
/// of its maps, in their order. Errors contain the errno value.
Result<OwnedFd> load_bpf_iterator(const BpfProgram& program, std::span<const std::uint32_t> answers,
                                  std::span<const int> maps);

/// Returns whether the calling process, whose proc mount this is, may run iterators that follow
/// pointers, and may read all processes as far as capabilities and namespaces go: with CAP_BPF,
/// CAP_PERFMON and CAP_SYS_PTRACE, in the initial user, pid and time namespaces.
bool may_iterate_by_bpf(int proc);

/// Runs a loaded iterator, whose output is in its maps, over all objects.
Status run_bpf_iterator(int program);

}  // namespace nsx
