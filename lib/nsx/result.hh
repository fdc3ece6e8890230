// SPDX-License-Identifier: MIT
#pragma once
// Errors as values. A function of libnsx returns a Result<T>, or a Status where there is no value.
// An Error says what failed, on what, why, and what to do about it.
//
//   const nsx::Status done = nsx::fail("open", "/nowhere", ENOENT, "mount it");
//   if (!done) std::puts(done.error().message().c_str());  // cannot open /nowhere: No such file
//   ...

#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include <nsx/text.hh>

namespace nsx {

/// What failed, on what, why, and what to do about it. Holds one pointer and a number, so returning
/// one is cheap. If there is no memory for the words, the code remains and the message is
/// "out of memory": creating or changing an Error never throws.
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

  /// What failed, as a phrase in lower case: "cannot open", "invalid UID". "{}" marks the place of
  /// the subject, which otherwise follows: "cannot bind {} over /etc/hosts".
  const std::string& what() const;
  /// The object of the phrase: "PID 4021", "/run/netns/blue"; may be empty.
  const std::string& subject() const;
  /// Why, if `code` is 0; may be empty.
  const std::string& reason() const;
  /// What to do about it, in one line; may be empty.
  const std::string& hint() const;

  void set_what(std::string_view text) noexcept;
  void set_subject(std::string_view text) noexcept;
  void set_reason(std::string_view text) noexcept;
  void set_hint(std::string_view text) noexcept;

  /// One line without the hint and without a full stop: "cannot open /nowhere: No such file or
  /// directory". Hidden characters (nsx/text.hh) are shown as \xHH, so that a hostile name can
  /// neither control the reader's terminal nor reorder the message.
  std::string message() const;

 private:
  struct Words;
  const Words& words() const;
  template <class Change>
  void change(Change change) noexcept;

  Words* words_ = nullptr;
};

/// A value, or the error that prevented it. Functions of libnsx throw std::bad_alloc and nothing
/// else, and undo what they had changed before they do.
template <class T>
using Result = tl::expected<T, Error>;

/// Success, or the error that prevented it.
using Status = Result<void>;

/// A failed system call: "cannot OPERATION SUBJECT: strerror(CODE)". `operation` is an infinitive,
/// "open" or "bind {} over /etc/hosts"; `code` is an errno(3) value.
NSX_API tl::unexpected<Error> fail(std::string_view operation, std::string_view subject,
                                   int code = errno, std::string_view hint = {}) noexcept;

/// A failure without a failed call: "cannot OPERATION SUBJECT: REASON".
NSX_API tl::unexpected<Error> refuse(std::string_view operation, std::string_view subject,
                                     std::string_view reason, std::string_view hint = {}) noexcept;

/// A failure in other words than "cannot ...": "WHAT: REASON", with the subject at "{}" in `what`
/// or after it. problem("invalid PID {}", "'x'", "expected a number"); without a reason, `what`
/// says all: problem("--all and --raw are mutually exclusive").
NSX_API tl::unexpected<Error> problem(std::string_view what, std::string_view subject = {},
                                      std::string_view reason = {},
                                      std::string_view hint = {}) noexcept;

/// Memory ran out: an Error with ENOMEM and no words, which takes no memory to make, move or print.
NSX_API tl::unexpected<Error> out_of_memory() noexcept;

/// Returns what `act` returns, a Result or Status, or out_of_memory() if it throws std::bad_alloc.
/// For steps that have to be undone when a later one fails, and for code that no exception may
/// leave.
template <class Act>
auto attempt(Act&& act) -> decltype(act()) {
  try {
    return act();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

/// Hands the error of a failed result on to the caller.
template <class T>
tl::unexpected<Error> error_of(Result<T>& failed) {
  return tl::unexpected(std::move(failed.error()));
}

}  // namespace nsx
