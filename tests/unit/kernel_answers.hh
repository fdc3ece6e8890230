// SPDX-License-Identifier: MIT
#pragma once
// The answers of a kernel to a piece of work, recorded, and given again on any other kernel.

#include <map>
#include <string>
#include <vector>

namespace nsx {

/// The return value of a system call, and what it wrote.
struct KernelAnswer {
  long result = 0;
  int error = 0;     ///< errno where the result is -1
  std::string data;  ///< numbers with blanks between, or hexadecimal bytes, or text
};

/// Answers by question. A question names a descriptor by how it was opened, such as "pidfd 7" or
/// "/proc/7/ns/uts", so that neither numbers nor order matter. A question asked several times has
/// its answers in order, and repeats the last.
using KernelAnswers = std::map<std::string, std::vector<KernelAnswer>>;

KernelAnswers read_answers(const std::string& json);
std::string spelled(const KernelAnswers& answers);

/// While it lives, system calls of this process that query the kernel are answered from a record,
/// or are made and recorded. One at a time; opened descriptors must be closed within its life.
class KernelTap {
 public:
  KernelTap();                                ///< records
  explicit KernelTap(KernelAnswers answers);  ///< answers
  ~KernelTap();
  KernelTap(const KernelTap&) = delete;
  KernelTap& operator=(const KernelTap&) = delete;

  const KernelAnswers& answers() const;

  /// Questions without an answer in the record: they failed with ENOSYS.
  const std::vector<std::string>& unknown() const;
};

}  // namespace nsx
