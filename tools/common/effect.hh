// SPDX-License-Identifier: MIT
#pragma once
// What an option does, as a value that stands in its row of the table.

#include <type_traits>
#include <utility>

#include <nsx/result.hh>

namespace nsx::cli {

/// The address of this tells which type a part of a request has.
template <class Part>
inline constexpr char kPartId = 0;

template <class Part>
inline constexpr const void* part_id = &kPartId<Part>;

/// A part of a request that options change.
struct Part {
  const void* id;  ///< part_id of its type
  void* object;
};

namespace effect {

/// What a function without a state takes: the part, and perhaps the argument.
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

// These name the type beside its member: from the member alone, g++ 12 does not see that a type is
// one of an unnamed namespace, and merges the functions of all files whose types have that name.

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

/// Changes one part of a request. It is made of a function without a state that takes the part and,
/// if there is one, the argument (null: none was given), and may return an error:
/// [](Request& request, const char* file) { ... }.
struct Effect {
  const void* part =
      nullptr;  ///< part_id of what is changed; null: the option is seen to elsewhere
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

// The usual ones: set_flag<&Request::json>.

template <auto function>
inline constexpr effect::Call<function> call{};

template <auto member, auto value>
inline constexpr effect::Set<effect::PartOf<member>, member, value> set{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, true> set_flag{};

template <auto member>
inline constexpr effect::Set<effect::PartOf<member>, member, false> clear_flag{};

/// The member is the argument.
template <auto member>
inline constexpr effect::SetText<effect::PartOf<member>, member> set_text{};

/// The argument is added to the member.
template <auto member>
inline constexpr effect::AppendText<effect::PartOf<member>, member> append_text{};

/// As set_text, of an argument that may be left out: then it is this constant.
template <auto member, const auto& usual>
inline constexpr effect::SetTextOr<effect::PartOf<member>, member, usual> set_text_or{};

/// The member is what a function makes of the argument, which may be an error.
template <auto parse, auto member>
inline constexpr effect::ParseInto<effect::PartOf<member>, member, parse> parse_into{};

}  // namespace nsx::cli
