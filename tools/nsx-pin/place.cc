#include "nsx-pin/place.hh"

#include <cstdlib>
#include <unistd.h>

#include "nsx-pin/commands.hh"

namespace nsx::pin_tool {

namespace {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

Result<std::string> absolute(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  if (path.starts_with('/')) return path;
  char* here = ::get_current_dir_name();
  if (here == nullptr) return fail("find the directory", path);
  std::string whole = std::string(here) + '/' + path;
  ::free(here);
  return whole;
}

}  // namespace

Result<Place> find_place(const cli::CommandLine& line) {
  const char* named = variable("NSX_PIN_DIR");
  for (const cli::Given& given : line.options) {
    if (given.option->id == kDirId) named = given.argument;
  }
  if (named != nullptr) {
    auto root = absolute(named);
    if (!root) return error_of(root);
    if (::access(root->c_str(), F_OK) != 0) return fail("use the directory for pins", *root);
    return Place{std::move(*root), false};
  }
  if (::geteuid() == 0) return Place{kPinRoot, false};
  const char* runtime = variable("XDG_RUNTIME_DIR");
  std::string root = runtime != nullptr ? runtime : "/run/user/" + std::to_string(::geteuid());
  if (::access(root.c_str(), F_OK) != 0) {
    return fail("use the directory for your pins", root, errno,
                "log in by a session that has one, or set XDG_RUNTIME_DIR");
  }
  return Place{std::move(root), true};
}

Result<PinStore> open_store(const Kernel& kernel, const Place& place) {
  if (place.is_users) {
    auto holder = PinHolder::find(kernel, place.root);
    if (!holder) return error_of(holder);
    if (*holder) return (*holder)->store();
  }
  return PinStore::open(kernel, place.root);
}

Result<Workplace> Workplace::enter(const Kernel& kernel, const Place& place, bool start) {
  Workplace workplace;
  if (!place.is_users) return workplace;
  if (start) {
    auto holder = PinHolder::find_or_start(kernel, place.root);
    if (!holder) return error_of(holder);
    workplace.holder_ = std::move(*holder);
  } else {
    auto holder = PinHolder::find(kernel, place.root);
    if (!holder) return error_of(holder);
    workplace.holder_ = std::move(*holder);
  }
  if (!workplace.holder_) return workplace;
  if (auto joined = workplace.holder_->join(kernel); !joined) return error_of(joined);
  return workplace;
}

Status Workplace::leave(const Kernel& kernel) {
  return holder_ ? holder_->end_if_unused(kernel) : Status{};
}

}  // namespace nsx::pin_tool
