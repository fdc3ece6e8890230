// What a cgroup's path says of the container and the systemd unit that it belongs to.

#include <algorithm>
#include <array>

#include <nsx/target.hh>

#include "kernel/cgroup.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

/// The names of runtimes by what they put before an ID: docker-ID.scope, :cri-containerd:ID.
struct RuntimePrefix {
  std::string_view prefix;
  const char* runtime;
};

constexpr std::array kRuntimes{
    RuntimePrefix{"docker", "docker"},      RuntimePrefix{"cri-containerd", "containerd"},
    RuntimePrefix{"nerdctl", "containerd"}, RuntimePrefix{"crio", "CRI-O"},
    RuntimePrefix{"libpod", "podman"},      RuntimePrefix{"libpod_parent", "podman"},
};

/// Where neither the path nor the caller can know more.
constexpr const char* kSomeContainer = "container";

const char* runtime_by_prefix(std::string_view prefix) {
  const auto* const found = std::find_if(kRuntimes.begin(), kRuntimes.end(),
                                         [&](const auto& each) { return each.prefix == prefix; });
  return found != kRuntimes.end() ? found->runtime : kSomeContainer;
}

/// The ID of docker, podman, containerd's CRI and CRI-O: 64 hexadecimal digits.
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

/// A part of a unit's name without the escapes of systemd-escape(1): "\x2d" is "-".
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

/// A directory that systemd-nspawn(1) or machined made; `inside` is the next one on the path.
std::optional<ContainerName> machine_in(std::string_view directory, std::string_view inside) {
  // nspawn itself sits beside its payload.
  if (inside == "supervisor") return std::nullopt;
  if (take_prefix(directory, "systemd-nspawn@") && take_suffix(directory, ".service")) {
    return with_name("systemd-nspawn", unescape_unit(directory));
  }
  if (take_prefix(directory, "machine-") && take_suffix(directory, ".scope")) {
    // libvirt registers its virtual machines too.
    if (directory.starts_with("qemu\\x2d")) return std::nullopt;
    return with_name("systemd-nspawn", unescape_unit(directory));
  }
  return std::nullopt;
}

/// The container that begins at this directory of a path; `above` and `inside` are beside it.
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
  if (is_id(rest)) return ContainerName{runtime_by_prefix(above), std::string(rest)};
  // "docker-ID", or where systemd's notation was taken for a path, "SLICE:cri-containerd:ID".
  for (const char separator : {'-', ':'}) {
    const std::size_t at = rest.rfind(separator);
    if (at == std::string_view::npos || !is_id(rest.substr(at + 1))) continue;
    std::string_view prefix = rest.substr(0, at);
    if (separator == ':') prefix = prefix.substr(prefix.rfind(':') + 1);
    // "crio-conmon-ID" and "libpod-conmon-ID" hold the monitor, not the container.
    if (prefix.ends_with("-conmon")) return std::nullopt;
    return ContainerName{runtime_by_prefix(prefix), std::string(rest.substr(at + 1))};
  }
  return std::nullopt;
}

/// Splits a path at its slashes.
std::vector<std::string_view> directories(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = next_field(path, '/');
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

}  // namespace

std::optional<ContainerName> container_in_cgroup(std::string_view path) {
  const auto parts = directories(path);
  for (std::size_t i = parts.size(); i-- > 0;) {
    const std::string_view above = i > 0 ? parts[i - 1] : std::string_view();
    const std::string_view inside = i + 1 < parts.size() ? parts[i + 1] : std::string_view();
    if (auto found = container_at(parts[i], above, inside)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> unit_in_cgroup(std::string_view path) {
  const auto parts = directories(path);
  for (std::size_t i = parts.size(); i-- > 0;) {
    std::string_view unit = parts[i];
    // systemd puts a "_" before a name that the kernel could take for a file of its own.
    take_prefix(unit, "_");
    if (unit.size() > 8 && unit.ends_with(".service")) return std::string(unit);
    if (unit.size() > 6 && unit.ends_with(".scope")) return std::string(unit);
  }
  return std::nullopt;
}

std::optional<ContainerName> container_of(const Process& process) {
  const auto text = process.read("cgroup");
  if (!text) return std::nullopt;
  // On hybrid machines any hierarchy may be the one that the runtime uses.
  std::string_view rest = *text;
  if (auto found = container_in_cgroup(telling_cgroup(rest))) return found;
  while (const auto line = next_cgroup_line(rest)) {
    if (auto found = container_in_cgroup(line->path)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> unit_of(const Process& process) {
  const auto text = process.read("cgroup");
  if (!text) return std::nullopt;
  return unit_in_cgroup(telling_cgroup(*text));
}

std::optional<std::string> cgroup_of(const Process& process) {
  const auto text = process.read("cgroup");
  if (!text) return std::nullopt;
  const std::string_view path = telling_cgroup(*text);
  return path.empty() ? std::nullopt : std::optional<std::string>(path);
}

}  // namespace nsx
