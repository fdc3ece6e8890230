// SPDX-License-Identifier: MIT
#pragma once
// The effect of an option, as a value in the option's row of the table.

#include <type_traits>
#include <utility>

#include <nsx/result.hh>

namespace nsx::cli {

/// Its address identifies the type of a part of a request.
template <class Part>
inline constexpr char kPartId = 0;

template <class Part>
inline constexpr const void* part_id = &kPartId<Part>;

/// A part of a request that options can change.
struct Part {
  const void* id;  ///< part_id of its type
  void* object;
};

namespace effect {

/// The parameters of a stateless function: the part, and optionally the argument.
template <class Call>
struct Signature;

template <class Function, class Result, class Part>
struct Signature<Result (Function::*)(Part&) const> {
  using Changed = Part;
  static Result call(Part& part, const char* /*argument*/) { return Function{}(part); }
};

template <class Function, class Result, class Part>
struct Signature<Result (Function::*)(Part&, const char*) const> {
  using Changed = Part;
  static Result call(Part& part, const char* argument) { return Function{}(part, argument); }
};

template <class Member>
struct Of;

template <class Type, class Owner>
struct Of<Type Owner::*> {
  using Part = Owner;
};

template <auto member>
using PartOf = typename Of<decltype(member)>::Part;

template <auto function>
struct Call;

template <class Result, class Part, Result (*function)(Part&)>
struct Call<function> {
  Result operator()(Part& part) const { return function(part); }
};

template <class Result, class Part, Result (*function)(Part&, const char*)>
struct Call<function> {
  Result operator()(Part& part, const char* argument) const { return function(part, argument); }
};

// These take the type as well as its member. Given the member alone, g++ 12 does not notice that
// the type is in an unnamed namespace, and merges the functions of equally named types.

template <class Part, auto member, auto value>
struct Set {
  void operator()(Part& part) const { part.*member = value; }
};

template <class Part, auto member>
struct SetText {
  void operator()(Part& part, const char* argument) const { part.*member = argument; }
};

template <class Part, auto member>
struct AppendText {
  void operator()(Part& part, const char* argument) const { (part.*member).emplace_back(argument); }
};

template <class Part, auto member, const auto& usual>
struct SetTextOr {
  void operator()(Part& part, const char* argument) const {
    part.*member = argument != nullptr ? argument : usual;
  }
};

template <class Part, auto member, auto parse>
struct ParseInto {
  Status operator()(Part& part, const char* argument) const {
    auto parsed = parse(argument);
    if (!parsed) return tl::unexpected(std::move(parsed.error()));
    part.*member = *std::move(parsed);
    return {};
  }
};

}  // namespace effect

/// Changes one part of a request. Made from a stateless function that takes the part and, for
/// options with an argument, the argument (null if it was not given). The function can return an
/// error: [](Request& request, const char* file) { ... }.
struct Effect {
  const void* part =
      nullptr;  ///< part_id of the part it changes; null: the option is handled elsewhere
  Status (*apply)(void* part, const char* argument) = nullptr;

  constexpr Effect() = default;

  template <class Function>
  constexpr Effect(Function /*change*/)
      : part(part_id<typename effect::Signature<decltype(&Function::operator())>::Changed>),
        apply(erased<Function>) {}

 private:
  template <class Function>
  static Status erased(void* part, const char* argument) {
    using Its = effect::Signature<decltype(&Function::operator())>;
    auto& changed = *static_cast<typename Its::Changed*>(part);
    if constexpr (std::is_void_v<decltype(Its::call(changed, argument))>) {
      Its::call(changed, argument);
      return {};
    } else {
      return Its::call(changed, argument);
    }
  }
};

// The common effects: set_flag<&Request::json>.

template <auto function>
inline constexpr effect::Call<function> call{};

template <auto member, auto value>
inline constexpr effect::Set<effect::PartOf<member>, member, value> set{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, true> set_flag{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, false> clear_flag{};

/// Sets the member to the argument.
template <auto member>
inline constexpr effect::SetText<effect::PartOf<member>, member> set_text{};

/// Appends the argument to the member.
template <auto member>
inline constexpr effect::AppendText<effect::PartOf<member>, member> append_text{};

/// Sets the member to the optional argument, or to the constant `usual` if it was left out.
template <auto member, const auto& usual>
inline constexpr effect::SetTextOr<effect::PartOf<member>, member, usual> set_text_or{};

/// Sets the member to the parsed argument; `parse` can return an error.
template <auto parse, auto member>
inline constexpr effect::ParseInto<effect::PartOf<member>, member, parse> parse_into{};

}  // namespace nsx::cli
