#include "common/ids.hh"

#include <cctype>
#include <grp.h>
#include <pwd.h>

#include "common/number.hh"
#include "common/report.hh"

namespace nsx::cli {

namespace {

bool is_number(const char* text) {
  return std::isdigit(static_cast<unsigned char>(*text)) != 0;
}

}  // namespace

Result<std::uint32_t> parse_id(std::string_view text, const char* what) {
  const auto id = parse_number<std::uint32_t>(text);
  // (uid_t) -1 means "leave it" to the kernel.
  if (id && *id != ~std::uint32_t{0}) return *id;
  return refuse(std::string("use as a ") + what, quoted(text), "not a number from 0 to 4294967294");
}

Result<std::uint32_t> parse_user(const char* text) {
  if (is_number(text)) return parse_id(text, "UID");
  if (const passwd* user = ::getpwnam(text)) return user->pw_uid;
  return refuse("use as a user", quoted(text), "no such user");
}

Result<std::uint32_t> parse_group(const char* text) {
  if (is_number(text)) return parse_id(text, "GID");
  if (const group* found = ::getgrnam(text)) return found->gr_gid;
  return refuse("use as a group", quoted(text), "no such group");
}

}  // namespace nsx::cli
