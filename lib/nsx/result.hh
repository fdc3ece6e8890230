#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#define NSX_API __attribute__((visibility("default")))

namespace nsx {

/// Why something failed: what was tried, on what, and why it did not work.
struct Error {
  std::string operation;  ///< what was tried, as an infinitive: "open", "join the net namespace of"
  std::string subject;    ///< on what: "PID 4021", "/run/netns/blue"; may be empty
  int code = 0;           ///< errno(3) of the failed call; 0 where no call failed
  std::string reason;     ///< why, where `code` is 0
  std::string hint;       ///< what is missing or what to do about it; may be empty

  /// One line for a person, without a final full stop:
  /// "cannot open /nowhere: No such file or directory (hint)".
  /// Control characters of the subject are shown as \xHH, so that a hostile name cannot write to
  /// the reader's terminal.
  NSX_API std::string message() const;
};

/// A value, or the error that prevented it. No function of libnsx throws but for lack of memory.
template <class T>
using Result = tl::expected<T, Error>;

/// Success, or the error that prevented it.
using Status = Result<void>;

/// The failure of a system call, told by `code`, an errno(3) value.
inline tl::unexpected<Error> fail(std::string operation, std::string subject, int code = errno,
                                  std::string hint = {}) {
  return tl::unexpected(Error{std::move(operation), std::move(subject), code, {}, std::move(hint)});
}

/// A failure that no system call told, for `reason`.
inline tl::unexpected<Error> refuse(std::string operation, std::string subject, std::string reason,
                                    std::string hint = {}) {
  return tl::unexpected(
      Error{std::move(operation), std::move(subject), 0, std::move(reason), std::move(hint)});
}

/// Hands the error of a failed result on to the caller.
template <class T>
tl::unexpected<Error> error_of(Result<T>& failed) {
  return tl::unexpected(std::move(failed.error()));
}

/// `text`, taken for UTF-8, with control characters (C0, DEL and C1), backslashes and bytes that
/// are not UTF-8 as \xHH: safe to print to a terminal.
NSX_API std::string printable(std::string_view text);

}  // namespace nsx
