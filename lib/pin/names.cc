#include <climits>

#include <nsx/pin.hh>

namespace nsx {

Status check_pin_name(std::string_view name) {
  const auto refused = [&](const char* why) {
    return refuse("use as the name of a pin", '\'' + std::string(name) + '\'', why);
  };
  if (name.empty()) return refused("it is empty");
  if (name == "." || name == "..") return refused("it is a directory");
  if (name.find('/') != std::string_view::npos) return refused("it has a slash");
  if (name.find('\0') != std::string_view::npos) return refused("it has a NUL");
  if (name.size() > NAME_MAX) return refused("it is longer than 255 bytes");
  return {};
}

std::string pin_directory(Kind kind, std::string_view root) {
  return std::string(root) + '/' + name(kind) + "ns";
}

std::string pin_path(Kind kind, std::string_view name, std::string_view root) {
  return pin_directory(kind, root) + '/' + std::string(name);
}

const char* name(PinState state) {
  switch (state) {
    case PinState::live:
      return "live";
    case PinState::stale:
      return "stale";
    case PinState::shadowed:
      return "shadowed";
    case PinState::half:
      break;
  }
  return "half-made";
}

}  // namespace nsx
