// SPDX-License-Identifier: MIT
#pragma once
// Errors as values. Functions of libnsx return a Result<T>, or a Status if they return no value. An
// Error says what failed, on which object, why, and what to do about it.
//
//   const nsx::Status done = nsx::fail("open", "/nowhere", ENOENT, "mount it");
//   if (!done) std::puts(done.error().message().c_str());

#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include <nsx/text.hh>

namespace nsx {

/// An error: what failed, on which object, why, and what to do about it. It holds one pointer and a
/// number, so returning it is cheap. Creating or changing an Error never throws: if memory runs
/// out, only the code remains, and the message is "out of memory".
class NSX_API Error {
 public:
  int code = 0;  ///< errno(3) of the failed call; 0 if no call failed

  Error() = default;
  Error(std::string_view what, std::string_view subject, int code, std::string_view reason,
        std::string_view hint) noexcept;
  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept;
  Error& operator=(const Error& other) noexcept;
  Error& operator=(Error&& other) noexcept;
  ~Error();

  /// Returns what failed, as a phrase in lower case: "cannot open", "invalid UID". "{}" marks the
  /// place of the subject, which otherwise follows the phrase: "cannot bind {} over /etc/hosts".
  const std::string& what() const;
  /// Returns the object of the phrase: "PID 4021", "/run/netns/blue". May be empty.
  const std::string& subject() const;
  /// Returns the reason if `code` is 0. May be empty.
  const std::string& reason() const;
  /// Returns advice in one line. May be empty.
  const std::string& hint() const;

  void set_what(std::string_view text) noexcept;
  void set_subject(std::string_view text) noexcept;
  void set_reason(std::string_view text) noexcept;
  void set_hint(std::string_view text) noexcept;

  /// Returns one line without the hint and without a full stop: "cannot open /nowhere: No such file
  /// or directory". Hidden characters (nsx/text.hh) are escaped as \xHH, so that a hostile name can
  /// neither control the reader's terminal nor reorder the message.
  std::string message() const;

 private:
  struct Words;
  const Words& words() const;
  template <class Change>
  void change(Change change) noexcept;

  Words* words_ = nullptr;
};

/// A value, or the error that prevented it. Functions of libnsx throw no exception except
/// std::bad_alloc, and revert their changes before they throw it.
template <class T>
using Result = tl::expected<T, Error>;

/// Success, or the error that prevented it.
using Status = Result<void>;

/// Returns the error of a failed system call: "cannot OPERATION SUBJECT: strerror(CODE)".
/// `operation` is an infinitive, such as "open" or "bind {} over /etc/hosts"; `code` is an errno(3)
/// value.
NSX_API tl::unexpected<Error> fail(std::string_view operation, std::string_view subject,
                                   int code = errno, std::string_view hint = {}) noexcept;

/// Returns an error without a failed system call: "cannot OPERATION SUBJECT: REASON".
NSX_API tl::unexpected<Error> refuse(std::string_view operation, std::string_view subject,
                                     std::string_view reason, std::string_view hint = {}) noexcept;

/// Returns an error in other words than "cannot ...": "WHAT: REASON", with the subject at "{}" in
/// `what`, or after it: problem("invalid PID '{}'", "x", "expected a number"). The reason may be
/// empty: problem("--all and --raw are mutually exclusive").
NSX_API tl::unexpected<Error> problem(std::string_view what, std::string_view subject = {},
                                      std::string_view reason = {},
                                      std::string_view hint = {}) noexcept;

/// Returns the error for a lack of memory: ENOMEM without words. Creating, moving and printing it
/// needs no memory.
NSX_API tl::unexpected<Error> out_of_memory() noexcept;

/// Calls `act` and returns its Result or Status, or out_of_memory() if it throws std::bad_alloc.
/// For steps that must be undone if a later one fails, and for code that must not throw.
template <class Act>
auto attempt(Act&& act) -> decltype(act()) {
  try {
    return act();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

/// Returns the error of a failed result.
template <class T>
tl::unexpected<Error> error_of(Result<T>& failed) {
  return tl::unexpected(std::move(failed.error()));
}

}  // namespace nsx
