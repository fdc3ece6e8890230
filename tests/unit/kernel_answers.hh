// SPDX-License-Identifier: MIT
#pragma once
// What a kernel answered to a piece of work, written down, and given again on any other kernel.

#include <map>
#include <string>
#include <vector>

namespace nsx {

/// What a system call returned, and what it wrote.
struct KernelAnswer {
  long result = 0;
  int error = 0;     ///< errno where the result is -1
  std::string data;  ///< numbers with blanks between, or hexadecimal bytes, or text
};

/// Answers by question. A question names a descriptor by how it was opened, as "pidfd 7" or
/// "/proc/7/ns/uts", so that neither numbers nor order matter; one that was asked more often has
/// its answers in their order, the last of them for good.
using KernelAnswers = std::map<std::string, std::vector<KernelAnswer>>;

KernelAnswers read_answers(const std::string& json);
std::string spelled(const KernelAnswers& answers);

/// While it lives, the system calls of this process that ask something are answered from a record,
/// or are asked and recorded. One at a time; opened descriptors must be closed within its life.
class KernelTap {
 public:
  KernelTap();                                ///< records
  explicit KernelTap(KernelAnswers answers);  ///< answers
  ~KernelTap();
  KernelTap(const KernelTap&) = delete;
  KernelTap& operator=(const KernelTap&) = delete;

  const KernelAnswers& answers() const;

  /// Questions that the record has no answer to: they failed with ENOSYS.
  const std::vector<std::string>& unknown() const;
};

}  // namespace nsx
