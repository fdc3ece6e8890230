// SPDX-License-Identifier: MIT
#include "discovery/cgroup_names.hh"

#include <algorithm>
#include <array>

namespace nsx {

namespace {

/// Maps the prefix of an ID in a cgroup name to the runtime: docker-ID.scope, :cri-containerd:ID.
struct RuntimePrefix {
  std::string_view prefix;
  const char* runtime;
};

constexpr std::array kRuntimes{
    RuntimePrefix{"docker", "docker"},      RuntimePrefix{"cri-containerd", "containerd"},
    RuntimePrefix{"nerdctl", "containerd"}, RuntimePrefix{"crio", "CRI-O"},
    RuntimePrefix{"libpod", "podman"},
};

/// The unit types that have a cgroup.
constexpr std::array<std::string_view, 6> kUnitSuffixes{".service", ".scope", ".slice",
                                                        ".socket",  ".mount", ".swap"};

/// Used if the path does not show the runtime.
constexpr const char* kSomeContainer = "container";

const char* runtime_by_prefix(std::string_view prefix) {
  const auto* const found = std::find_if(kRuntimes.begin(), kRuntimes.end(),
                                         [&](const auto& each) { return each.prefix == prefix; });
  return found != kRuntimes.end() ? found->runtime : kSomeContainer;
}

/// Whether this is an ID as used by docker, podman, containerd's CRI and CRI-O: 64 hexadecimal
/// digits.
bool is_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// Decodes the escapes of systemd-escape(1) in a part of a unit name: "\x2d" is "-".
std::string unescape_unit(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] == 'x') {
      const auto high = hex_digit(text[i + 2]);
      const auto low = hex_digit(text[i + 3]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 3;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::optional<ContainerName> with_name(const char* runtime, std::string_view name) {
  if (name.empty()) return std::nullopt;
  return ContainerName{runtime, std::string(name)};
}

/// Parses a directory created by systemd-nspawn(1) or machined. `inside` is the next component of
/// the path.
std::optional<ContainerName> machine_in(std::string_view directory, std::string_view inside) {
  // nspawn itself runs next to its payload.
  if (inside == kSupervisor) return std::nullopt;
  if (take_prefix(directory, "systemd-nspawn@") && take_suffix(directory, ".service")) {
    return with_name(kNspawn, unescape_unit(directory));
  }
  if (take_prefix(directory, "machine-") && take_suffix(directory, ".scope")) {
    // libvirt registers its virtual machines there as well.
    if (directory.starts_with("qemu\\x2d")) return std::nullopt;
    return with_name(kNspawn, unescape_unit(directory));
  }
  return std::nullopt;
}

}  // namespace

std::optional<ContainerName> container_at(std::string_view directory, std::string_view above,
                                          std::string_view inside) {
  if (directory.starts_with("machine-") || directory.starts_with("systemd-nspawn@")) {
    return machine_in(directory, inside);
  }
  std::string_view rest = directory;
  if (take_prefix(rest, "lxc.payload.")) return with_name("LXC", rest);
  if (above == "lxc.payload" || above == "lxc") return with_name("LXC", directory);

  rest = directory;
  take_suffix(rest, ".scope");
  // A pod of podman also has an ID. Its containers are called libpod-ID.
  if (is_id(rest) && above == "libpod_parent") return std::nullopt;
  if (is_id(rest)) return ContainerName{runtime_by_prefix(above), std::string(rest)};
  // "docker-ID" or, if systemd's notation was taken for a path, "SLICE:cri-containerd:ID".
  for (const char separator : {'-', ':'}) {
    const std::size_t at = rest.rfind(separator);
    if (at == std::string_view::npos || !is_id(rest.substr(at + 1))) continue;
    std::string_view prefix = rest.substr(0, at);
    if (separator == ':') prefix = prefix.substr(prefix.rfind(':') + 1);
    // "crio-conmon-ID" and "libpod-conmon-ID" contain the monitor, not the container.
    if (prefix.ends_with("-conmon")) return std::nullopt;
    return ContainerName{runtime_by_prefix(prefix), std::string(rest.substr(at + 1))};
  }
  return std::nullopt;
}

std::string_view unit_at(std::string_view directory) {
  // systemd prepends "_" to names that could clash with a file of the kernel.
  take_prefix(directory, "_");
  return has_unit_suffix(directory) ? directory : std::string_view();
}

bool has_unit_suffix(std::string_view name) {
  return std::any_of(kUnitSuffixes.begin(), kUnitSuffixes.end(), [&](std::string_view suffix) {
    return name.size() > suffix.size() && name.ends_with(suffix);
  });
}

bool is_slice(std::string_view unit) {
  return unit.ends_with(".slice");
}

}  // namespace nsx
