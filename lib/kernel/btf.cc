// SPDX-License-Identifier: MIT
#include <array>
#include <cstring>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/magic.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <utility>

#include <nsx/fd.hh>

#include "kernel/bpf.hh"
#include "try.hh"

namespace nsx {

namespace {

constexpr const char* kPath = "/sys/kernel/btf/vmlinux";
// Newer than Debian 12's headers.
constexpr std::uint32_t kKindEnum64 = 19;
constexpr std::uint32_t kKnownKinds = kKindEnum64 + 1;

/// Chains of typedefs and qualifiers, and anonymous structs in each other, are no longer than this.
constexpr int kMaxDepth = 16;

/// A search of a member looks at no more than this, whatever structs contain themselves.
constexpr int kMaxMembers = 20000;

/// The type that stands at an offset, with its members behind it.
struct Type {
  std::uint32_t kind = 0;
  std::uint32_t count = 0;
  bool has_bitfields = false;
  std::uint32_t size_or_type = 0;
  std::size_t tail = 0;  ///< where the members are
  std::size_t next = 0;  ///< where the next type is
};

struct Member {
  std::uint32_t type;
  std::uint32_t bits;  ///< from the start of the struct
};

class Btf {
 public:
  static std::optional<Btf> of(std::span<const std::byte> data) {
    btf_header header{};
    if (data.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, data.data(), sizeof header);
    if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
        header.hdr_len < sizeof header || header.hdr_len > data.size()) {
      return std::nullopt;
    }
    const std::span<const std::byte> body = data.subspan(header.hdr_len);
    if (!fits(body, header.type_off, header.type_len) ||
        !fits(body, header.str_off, header.str_len) || header.str_len == 0) {
      return std::nullopt;
    }
    Btf btf;
    btf.types_ = body.subspan(header.type_off, header.type_len);
    btf.text_ = body.subspan(header.str_off, header.str_len);
    // So that no string continues behind the end.
    if (btf.text_.back() != std::byte{0}) return std::nullopt;
    return btf;
  }

  /// Calls `look` with the id, kind and name of each struct and function. Returns false if a type
  /// is malformed. Nearly all the time of an answer is spent here.
  template <class Look>
  bool for_each(Look look) {
    std::size_t at = 0;
    places_.reserve(types_.size() / kStride / sizeof(btf_type));
    for (std::uint32_t id = 1; at < types_.size(); ++id) {
      if (id % kStride == 1) places_.push_back(at);
      btf_type raw;
      if (types_.size() - at < sizeof raw) return false;
      std::memcpy(&raw, types_.data() + at, sizeof raw);
      const std::uint32_t kind = BTF_INFO_KIND(raw.info);
      if (kind == BTF_KIND_UNKN || kind >= kKnownKinds) return false;
      if (kind == BTF_KIND_STRUCT || kind == BTF_KIND_FUNC) look(id, kind, string(raw.name_off));
      at += sizeof raw + tail_of(kind, BTF_INFO_VLEN(raw.info));
    }
    return at == types_.size();
  }

  const char* string(std::uint32_t offset) const {
    return offset < text_.size()
               ? static_cast<const char*>(static_cast<const void*>(&text_[offset]))
               : "";
  }

  /// Returns a type by its id. Must come after for_each().
  std::optional<Type> type(std::uint32_t id) const {
    if (id == 0 || (id - 1) / kStride >= places_.size()) return std::nullopt;
    std::size_t at = places_[(id - 1) / kStride];
    auto found = type_at(at);
    for (std::uint32_t i = 0; found && i < (id - 1) % kStride; ++i)
      found = type_at(found->next);
    return found;
  }

  /// Returns the type behind typedefs and qualifiers.
  std::optional<Type> plain(std::uint32_t id) const {
    for (int depth = 0; depth < kMaxDepth; ++depth) {
      const auto found = type(id);
      if (!found) return std::nullopt;
      switch (found->kind) {
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
          id = found->size_or_type;
          break;
        default:
          return found;
      }
    }
    return std::nullopt;
  }

  /// Returns the size of a type that is no array.
  static std::optional<std::uint32_t> size_of(const Type& type) {
    switch (type.kind) {
      case BTF_KIND_PTR:
        return 8;
      case BTF_KIND_INT:
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
      case BTF_KIND_ENUM:
      case kKindEnum64:
        return type.size_or_type;
      default:
        return std::nullopt;
    }
  }

  std::optional<std::uint32_t> element_of(const Type& array) const { return word(array.tail); }

  /// Finds a member in a struct, and in the anonymous structs and unions in it.
  std::optional<Member> member(const Type& in, std::string_view name) const {
    int budget = kMaxMembers;
    return member(in, name, 0, budget);
  }

 private:
  static constexpr std::uint32_t kStride = 64;

  Btf() = default;

  std::optional<Member> member(const Type& in, std::string_view name, int depth,
                               int& budget) const {
    if ((in.kind != BTF_KIND_STRUCT && in.kind != BTF_KIND_UNION) || depth == kMaxDepth) {
      return std::nullopt;
    }
    for (std::uint32_t i = 0; i < in.count && --budget > 0; ++i) {
      btf_member raw{};
      if (!read(in.tail + i * sizeof raw, raw)) return std::nullopt;
      const bool is_bitfield = in.has_bitfields && BTF_MEMBER_BITFIELD_SIZE(raw.offset) != 0;
      const std::uint32_t bits = in.has_bitfields ? BTF_MEMBER_BIT_OFFSET(raw.offset) : raw.offset;
      const char* its_name = string(raw.name_off);
      if (name == its_name) {
        return is_bitfield ? std::nullopt : std::optional(Member{raw.type, bits});
      }
      if (*its_name != '\0' || is_bitfield) continue;
      const auto inner = plain(raw.type);
      const auto found = inner ? member(*inner, name, depth + 1, budget) : std::nullopt;
      if (found) return Member{found->type, bits + found->bits};
    }
    return std::nullopt;
  }

  static bool fits(std::span<const std::byte> body, std::uint32_t offset, std::uint32_t size) {
    return offset <= body.size() && size <= body.size() - offset;
  }

  template <class T>
  bool read(std::size_t at, T& value) const {
    if (at > types_.size() || sizeof value > types_.size() - at) return false;
    std::memcpy(&value, types_.data() + at, sizeof value);
    return true;
  }

  std::optional<std::uint32_t> word(std::size_t at) const {
    std::uint32_t value = 0;
    return read(at, value) ? std::optional(value) : std::nullopt;
  }

  /// Returns the size of what follows a type: a fixed part, and a part for each member.
  static std::size_t tail_of(std::uint32_t kind, std::uint32_t count) {
    struct Tail {
      std::uint8_t fixed;
      std::uint8_t each;
    };
    static constexpr std::array<Tail, kKnownKinds> kTails = [] {
      std::array<Tail, kKnownKinds> tails{};
      tails[BTF_KIND_INT] = {4, 0};
      tails[BTF_KIND_ARRAY] = {sizeof(btf_array), 0};
      tails[BTF_KIND_STRUCT] = {0, sizeof(btf_member)};
      tails[BTF_KIND_UNION] = {0, sizeof(btf_member)};
      tails[BTF_KIND_ENUM] = {0, sizeof(btf_enum)};
      tails[BTF_KIND_FUNC_PROTO] = {0, sizeof(btf_param)};
      tails[BTF_KIND_VAR] = {4, 0};
      tails[BTF_KIND_DATASEC] = {0, sizeof(btf_var_secinfo)};
      tails[BTF_KIND_DECL_TAG] = {4, 0};
      tails[kKindEnum64] = {0, 12};
      return tails;
    }();
    return kTails[kind].fixed + std::size_t{kTails[kind].each} * count;
  }

  std::optional<Type> type_at(std::size_t at) const {
    btf_type raw{};
    if (!read(at, raw)) return std::nullopt;
    Type type;
    type.kind = BTF_INFO_KIND(raw.info);
    type.count = BTF_INFO_VLEN(raw.info);
    type.has_bitfields = BTF_INFO_KFLAG(raw.info) != 0;
    type.size_or_type = raw.size;
    if (type.kind == BTF_KIND_UNKN || type.kind >= kKnownKinds) return std::nullopt;
    type.tail = at + sizeof raw;
    type.next = type.tail + tail_of(type.kind, type.count);
    if (type.next > types_.size()) return std::nullopt;
    return type;
  }

  std::span<const std::byte> types_;
  std::span<const std::byte> text_;
  std::vector<std::size_t> places_;  // of each kStride-th type
};

/// A struct or function that questions are about.
struct Subject {
  std::string_view name;
  bool is_function;
  std::uint32_t id = 0;
  bool is_ambiguous = false;
};

std::vector<Subject> subjects_of(std::span<const BtfQuestion> questions) {
  std::vector<Subject> subjects;
  for (const BtfQuestion& question : questions) {
    const bool is_function = question.type == BtfQuestion::Type::function;
    const auto is_same = [&](const Subject& known) {
      return known.is_function == is_function && known.name == question.name;
    };
    bool is_known = false;
    for (const Subject& known : subjects)
      is_known = is_known || is_same(known);
    if (!is_known) subjects.push_back({question.name, is_function});
  }
  return subjects;
}

/// Finds the ids of all subjects in one pass.
bool find(Btf& btf, std::vector<Subject>& subjects) {
  // Nearly all names differ from all of these in their first characters.
  std::array<bool, 1024> may_be{};
  const auto place = [](const char* name) {
    const auto first = static_cast<unsigned char>(name[0]);
    const auto second = first == 0 ? 0U : static_cast<unsigned char>(name[1]);
    return (first * 33U + second) % 1024U;
  };
  for (const Subject& subject : subjects)
    may_be[place(subject.name.data())] = true;
  const bool is_whole = btf.for_each([&](std::uint32_t id, std::uint32_t kind, const char* name) {
    if (!may_be[place(name)]) return;
    for (Subject& subject : subjects) {
      if (subject.is_function != (kind == BTF_KIND_FUNC) || subject.name != name) continue;
      subject.is_ambiguous = subject.id != 0;
      subject.id = id;
    }
  });
  if (!is_whole) return false;
  for (const Subject& subject : subjects) {
    if (subject.id == 0 || subject.is_ambiguous) return false;
  }
  return true;
}

std::optional<std::uint32_t> answer_about_member(const Btf& btf, const Type& in,
                                                 const BtfQuestion& question) {
  const std::optional<std::uint32_t> missing = question.optional ? std::optional(0U) : std::nullopt;
  Type type = in;
  std::uint32_t bits = 0;
  for (std::string_view path = question.member; !path.empty();) {
    const std::size_t dot = path.find('.');
    if (type.kind == BTF_KIND_ARRAY) {
      const auto element = btf.element_of(type);
      const auto inner = element ? btf.plain(*element) : std::nullopt;
      if (!inner) return std::nullopt;
      type = *inner;
    }
    const auto member = btf.member(type, path.substr(0, dot));
    if (!member) return missing;
    bits += member->bits;
    const auto its_type = btf.plain(member->type);
    if (!its_type) return std::nullopt;
    type = *its_type;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  if (bits % 8 != 0 || Btf::size_of(type) != question.size) return std::nullopt;
  return question.type == BtfQuestion::Type::exists ? 1 : bits / 8;
}

std::optional<std::uint32_t> answer_one(const Btf& btf, const Subject& subject,
                                        const BtfQuestion& question) {
  if (question.type == BtfQuestion::Type::id || question.type == BtfQuestion::Type::function) {
    return subject.id;
  }
  const auto type = btf.type(subject.id);
  if (!type) return std::nullopt;
  if (question.type == BtfQuestion::Type::size) return type->size_or_type;
  return answer_about_member(btf, *type, question);
}

}  // namespace

std::optional<std::vector<std::uint32_t>> answer(std::span<const std::byte> btf,
                                                 std::span<const BtfQuestion> questions) {
  auto types = Btf::of(btf);
  std::vector<Subject> subjects = subjects_of(questions);
  if (!types || !find(*types, subjects)) return std::nullopt;
  std::vector<std::uint32_t> answers;
  answers.reserve(questions.size());
  for (const BtfQuestion& question : questions) {
    for (const Subject& subject : subjects) {
      if (subject.is_function != (question.type == BtfQuestion::Type::function) ||
          subject.name != question.name) {
        continue;
      }
      const auto found = answer_one(*types, subject, question);
      if (!found) return std::nullopt;
      answers.push_back(*found);
    }
  }
  return answers;
}

Result<KernelBtf> KernelBtf::open() {
  const OwnedFd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  struct stat st {};
  struct statfs fs {};
  if (!file || ::fstat(file.get(), &st) != 0 || ::fstatfs(file.get(), &fs) != 0) {
    return fail("read", kPath);
  }
  if (fs.f_type != SYSFS_MAGIC || st.st_size <= 0) {
    return refuse("read", kPath, "it is not in the kernel's sysfs");
  }
  const auto size = static_cast<std::size_t>(st.st_size);
  // Since Linux 6.16. Older kernels hand out a page at a time, for which huge pages save faults.
  void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped != MAP_FAILED) return KernelBtf(static_cast<std::byte*>(mapped), size, size);
  constexpr std::size_t kHuge = std::size_t{2} << 20;
  const std::size_t whole = (size / kHuge + 2) * kHuge;
  mapped = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return fail("read", kPath);
  KernelBtf copy(static_cast<std::byte*>(mapped), size, whole);
  ::madvise(mapped, whole, MADV_HUGEPAGE);
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::read(file.get(), copy.data_ + at, size - at);
    if (got < 0) return fail("read", kPath);
    if (got == 0) return refuse("read", kPath, "it is shorter than its size");
    at += static_cast<std::size_t>(got);
  }
  return copy;
}

bool KernelBtf::exists() {
  return ::access(kPath, R_OK) == 0;
}

KernelBtf::KernelBtf(KernelBtf&& other) noexcept
    : data_(other.data_), size_(other.size_), mapped_(std::exchange(other.mapped_, 0)) {}

KernelBtf::~KernelBtf() {
  if (mapped_ != 0) ::munmap(data_, mapped_);
}

}  // namespace nsx
