// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

#include "account/account.hh"
#include "cgroup/files.hh"
#include "kernel/files.hh"
#include "kernel/text.hh"

namespace nsx {

namespace {

std::uint64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  constexpr std::uint64_t kSecond = 1'000'000'000;
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// Files of controllers. If one is missing in a cgroup, it is also missing in all descendants.
constexpr std::array<std::string_view, 12> kInherited{
    "cpu.max",     "io.stat",     "memory.current",  "memory.events",       "memory.high",
    "memory.max",  "memory.peak", "memory.swap.max", "memory.swap.current", "pids.current",
    "pids.events", "pids.max",
};

/// A set of these files, as bits.
using Inherited = unsigned;

Inherited bit_of(std::string_view file) {
  const auto* const found = std::find(kInherited.begin(), kInherited.end(), file);
  return found == kInherited.end() ? 0 : 1U << static_cast<unsigned>(found - kInherited.begin());
}

/// Reads the files of one cgroup after another into one buffer.
class FileReader {
 public:
  /// Returns the text of a file, valid until the next call; empty if it cannot be read.
  std::string_view read(int directory, const char* file) {
    const Inherited bit = bit_of(file);
    was_read_ = false;
    if ((bit & missing_) != 0) return {};
    const OwnedFd fd(::openat(directory, file, O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) missing_ |= bit;
    return fd ? read_all(fd.get()) : failed();
  }

  /// Whether the last read succeeded, as the file itself may be empty.
  bool was_read() const { return was_read_; }

  /// Whether the cgroup has been removed, judging by its files since begin(): they report this, or
  /// are missing.
  bool is_gone(int directory) const {
    return is_gone_ || (misses_some_ && ::faccessat(directory, "cgroup.procs", F_OK, 0) != 0);
  }
  /// Starts with the next cgroup, which does not have these files.
  void begin(Inherited missing) {
    is_gone_ = misses_some_ = false;
    missing_ = missing;
  }
  /// Returns the files known to be missing, including those found missing since begin().
  Inherited missing() const { return missing_; }

 private:
  static constexpr std::size_t kPiece = 4096;
  static constexpr ssize_t kShort = 2048;

  std::string_view read_all(int fd) {
    std::size_t used = 0;
    for (;;) {
      if (buffer_.size() - used < kPiece) buffer_.resize(buffer_.size() * 2 + kPiece);
      const ssize_t n = ::read(fd, buffer_.data() + used, buffer_.size() - used);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed();
      used += static_cast<std::size_t>(n);
      // Lists are returned in pieces. Any other file ends after its first short piece.
      if (n == 0 || (n < kShort && used == static_cast<std::size_t>(n))) break;
    }
    was_read_ = true;
    return {buffer_.data(), used};
  }

  std::string_view failed() {
    if (errno == ENODEV) is_gone_ = true;
    if (errno == ENOENT) misses_some_ = true;
    return {};
  }

  std::vector<char> buffer_;
  Inherited missing_ = 0;
  bool is_gone_ = false;
  bool misses_some_ = false;
  bool was_read_ = false;
};

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Fills a sample from the files of one cgroup.
class Filler {
 public:
  Filler(const CgroupSampleRequest& request, FileReader& reader,
         const std::vector<std::uint64_t>& with_net, int directory, CgroupSample& sample)
      : request_(request),
        reader_(reader),
        with_net_(with_net),
        directory_(directory),
        sample_(sample) {}

  void fill() {
    sample_.moment = now();
    fill_members();
    fill_cpu();
    fill_memory();
    fill_io();
    put(CgroupFile::pids_current, "pids.current", sample_.pids_current);
    put(CgroupFile::pids_max, "pids.max", sample_.pids_max);
    if (wants(CgroupFile::pids_events)) {
      sample_.pids_max_events = find_keyed_number(read("pids.events"), "max");
    }
    if (std::binary_search(with_net_.begin(), with_net_.end(), sample_.id)) fill_net();
  }

 private:
  bool wants(CgroupFile file) const { return request_.files.contains(file); }
  std::string_view read(const char* file) { return reader_.read(directory_, file); }

  void put(CgroupFile file, const char* name, std::optional<std::uint64_t>& place) {
    if (wants(file)) place = parse_cgroup_number(read(name));
  }

  void fill_members() {
    if (wants(CgroupFile::processes) || request_.pids) fill_processes();
    if (wants(CgroupFile::threads)) {
      const std::string_view text = read("cgroup.threads");
      if (reader_.was_read()) sample_.threads = count_lines(text);
    }
    if (wants(CgroupFile::events)) {
      const std::string_view text = read("cgroup.events");
      const auto flag = [&](std::string_view key) -> std::optional<bool> {
        const auto number = find_keyed_number(text, key);
        return number ? std::optional(*number != 0) : std::nullopt;
      };
      sample_.populated = flag("populated");
      sample_.frozen = flag("frozen");
    }
    if (wants(CgroupFile::type)) {
      std::string_view text = read("cgroup.type");
      sample_.type = next_field(text, '\n');
    }
    if (wants(CgroupFile::controllers)) {
      sample_.controllers = split_controllers(read("cgroup.controllers"));
    }
  }

  void fill_processes() {
    // Fails for a threaded cgroup: its processes are listed in the domain above it.
    std::string_view text = read("cgroup.procs");
    if (!reader_.was_read()) return;
    sample_.processes = count_lines(text);
    if (!request_.pids) return;
    while (!text.empty()) {
      // 0 is a process outside of the caller's PID namespace.
      const auto pid = parse_number<pid_t>(next_field(text, '\n'));
      if (pid && *pid > 0) sample_.pids.push_back(*pid);
    }
    std::sort(sample_.pids.begin(), sample_.pids.end());
  }

  void fill_cpu() {
    if (wants(CgroupFile::cpu_stat)) {
      sample_.moment = now();
      const std::string_view text = read("cpu.stat");
      sample_.cpu_usage = find_keyed_number(text, "usage_usec");
      sample_.cpu_user = find_keyed_number(text, "user_usec");
      sample_.cpu_system = find_keyed_number(text, "system_usec");
      sample_.cpu_periods = find_keyed_number(text, "nr_periods");
      sample_.cpu_throttled = find_keyed_number(text, "nr_throttled");
      sample_.cpu_throttled_time = find_keyed_number(text, "throttled_usec");
    }
    if (wants(CgroupFile::cpu_max)) sample_.cpu_max = parse_cpu_max(read("cpu.max"));
    if (wants(CgroupFile::cpu_pressure))
      sample_.cpu_pressure = parse_pressure(read("cpu.pressure"));
  }

  void fill_memory() {
    put(CgroupFile::memory_current, "memory.current", sample_.memory);
    put(CgroupFile::memory_peak, "memory.peak", sample_.memory_peak);
    put(CgroupFile::memory_max, "memory.max", sample_.memory_max);
    put(CgroupFile::memory_high, "memory.high", sample_.memory_high);
    put(CgroupFile::swap_current, "memory.swap.current", sample_.swap);
    put(CgroupFile::swap_max, "memory.swap.max", sample_.swap_max);
    if (wants(CgroupFile::memory_events)) {
      const std::string_view text = read("memory.events");
      sample_.memory_high_events = find_keyed_number(text, "high");
      sample_.memory_max_events = find_keyed_number(text, "max");
      sample_.oom_events = find_keyed_number(text, "oom");
      sample_.oom_kills = find_keyed_number(text, "oom_kill");
    }
    if (wants(CgroupFile::memory_pressure)) {
      sample_.memory_pressure = parse_pressure(read("memory.pressure"));
    }
  }

  void fill_io() {
    if (wants(CgroupFile::io_stat)) fill_io_stat();
    if (wants(CgroupFile::io_pressure)) sample_.io_pressure = parse_pressure(read("io.pressure"));
  }

  void fill_io_stat() {
    // An empty file means no I/O so far. Before Linux 5.10, the root cgroup does not have the file.
    std::string_view text = read("io.stat");
    if (!reader_.was_read()) return;
    std::array<std::uint64_t, 4> sums{};
    constexpr std::array<std::string_view, 4> kKeys{"rbytes", "wbytes", "rios", "wios"};
    while (!text.empty()) {
      const std::string_view line = next_field(text, '\n');
      for (std::size_t i = 0; i < kKeys.size(); ++i)
        sums[i] += find_nested_number(line, kKeys[i]).value_or(0);
    }
    sample_.read_bytes = sums[0];
    sample_.written_bytes = sums[1];
    sample_.reads = sums[2];
    sample_.writes = sums[3];
  }

  void fill_net() {
    sample_.moment = now();
    auto net = read_cgroup_net(sample_.id);
    if (net) sample_.net = *net;
  }

  const CgroupSampleRequest& request_;
  FileReader& reader_;
  const std::vector<std::uint64_t>& with_net_;
  int directory_;
  CgroupSample& sample_;
};

class Sampler {
 public:
  Sampler(const CgroupSampleRequest& request, CgroupReading& reading)
      : request_(request), reading_(reading) {
    if (!request.files.contains(CgroupFile::net)) return;
    // If the list is unavailable, there is nothing to show.
    if (auto known = cgroups_with_net()) with_net_ = std::move(*known);
  }

  /// Returns false if the cgroup is gone.
  bool visit(int directory, std::string path, std::optional<std::size_t> parent, int depth,
             Inherited missing) {
    struct stat status {};
    if (::fstat(directory, &status) != 0) return false;
    const std::size_t index = reading_.cgroups.size();
    CgroupSample& sample = reading_.cgroups.emplace_back();
    sample.path = std::move(path);
    sample.parent = parent;
    sample.id = status.st_ino;
    reader_.begin(missing);
    Filler(request_, reader_, with_net_, directory, sample).fill();
    if (reader_.is_gone(directory)) {
      reading_.cgroups.pop_back();
      return false;
    }
    // Each child directory counts as a link (kernfs). Most cgroups have no children, so their long
    // lists of files need not be read.
    constexpr nlink_t kWithoutChildren = 2;
    if (!request_.descend || status.st_nlink == kWithoutChildren) return true;
    // The root cgroup has few files, whichever controllers it enables.
    const bool is_root = depth == 0 && ::faccessat(directory, "cgroup.type", F_OK, 0) != 0;
    descend(directory, index, depth, is_root ? 0 : reader_.missing());
    return true;
  }

 private:
  void descend(int directory, std::size_t index, int depth, Inherited missing) {
    const auto names = list_directories_at(directory, ".");
    if (!names) return;
    if (depth == kMaxCgroupDepth) {
      reading_.unreadable += names->size();
      return;
    }
    std::string prefix = reading_.cgroups[index].path;
    if (prefix != "/") prefix += '/';
    for (const std::string& name : *names) {
      const auto below = open_at(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (!below) {
        const int code = below.error().code;
        if (code != ENOENT && code != ENODEV) ++reading_.unreadable;
        continue;
      }
      std::string path_below = prefix;
      path_below += name;
      if (visit(below->get(), std::move(path_below), index, depth + 1, missing)) {
        ++reading_.cgroups[index].children;
      }
    }
  }

  const CgroupSampleRequest& request_;
  CgroupReading& reading_;
  FileReader reader_;
  std::vector<std::uint64_t> with_net_;  // their ids, ascending
};

/// Returns the growth of a counter per second, or nothing if one of the values is missing.
std::optional<double> rate(const std::optional<std::uint64_t>& before,
                           const std::optional<std::uint64_t>& after, double seconds) {
  if (!before || !after || seconds <= 0) return std::nullopt;
  // Counters only grow. A lower value means that it is another counter.
  return *after < *before ? 0 : static_cast<double>(*after - *before) / seconds;
}

CgroupRates rates_of(const CgroupSample& before, const CgroupSample& after) {
  const double seconds = static_cast<double>(after.moment - before.moment) / 1e9;
  CgroupRates rates;
  rates.cpu = rate(before.cpu_usage, after.cpu_usage, seconds);
  if (rates.cpu) *rates.cpu /= 1e6;
  const auto periods = rate(before.cpu_periods, after.cpu_periods, 1);
  const auto throttled = rate(before.cpu_throttled, after.cpu_throttled, 1);
  if (periods && throttled) {
    rates.throttled = *periods > 0 ? std::min(1.0, *throttled / *periods) : 0;
  }
  rates.read_bytes = rate(before.read_bytes, after.read_bytes, seconds);
  rates.written_bytes = rate(before.written_bytes, after.written_bytes, seconds);
  rates.reads = rate(before.reads, after.reads, seconds);
  rates.writes = rate(before.writes, after.writes, seconds);
  if (before.net && after.net) {
    rates.received_bytes =
        rate(before.net->in.counters.bytes, after.net->in.counters.bytes, seconds);
    rates.sent_bytes = rate(before.net->out.counters.bytes, after.net->out.counters.bytes, seconds);
  }
  return rates;
}

std::optional<CgroupPressure::Line> parse_pressure_line(std::string_view line) {
  CgroupPressure::Line parsed;
  const auto put = [&](std::string_view key, auto& place) {
    const auto word = find_word(line, key);
    const auto number =
        word ? parse_number<std::remove_reference_t<decltype(place)>>(*word) : std::nullopt;
    if (number) place = *number;
    return number.has_value();
  };
  if (put("avg10", parsed.avg10) && put("avg60", parsed.avg60) && put("avg300", parsed.avg300) &&
      put("total", parsed.total)) {
    return parsed;
  }
  return std::nullopt;
}

}  // namespace

Result<CgroupReading> sample_cgroups(const Cgroup& first, const CgroupSampleRequest& request) {
  CgroupReading reading;
  if (request.descend) {
    // Reallocating thousands of samples would take as long as reading them.
    const auto stat = first.read("cgroup.stat");
    const auto below = stat ? find_keyed_number(*stat, "nr_descendants") : std::nullopt;
    constexpr std::uint64_t kMost = 100'000;
    reading.cgroups.reserve(std::min(below.value_or(0), kMost) + 1);
  }
  if (!Sampler(request, reading).visit(first.directory(), first.path(), std::nullopt, 0, 0)) {
    return refuse("read the cgroup", first.path(), "it has been removed");
  }
  return reading;
}

void name_places(CgroupReading& reading, CgroupPlaces& places) {
  for (CgroupSample& sample : reading.cgroups)
    sample.place = places.of_path(sample.path);
}

std::vector<CgroupRates> rates_between(const CgroupReading& before, const CgroupReading& after) {
  std::unordered_map<std::uint64_t, const CgroupSample*> earlier;
  earlier.reserve(before.cgroups.size());
  for (const CgroupSample& sample : before.cgroups)
    earlier.emplace(sample.id, &sample);
  std::vector<CgroupRates> rates;
  rates.reserve(after.cgroups.size());
  for (const CgroupSample& sample : after.cgroups) {
    const auto found = earlier.find(sample.id);
    rates.push_back(found != earlier.end() ? rates_of(*found->second, sample) : CgroupRates{});
  }
  return rates;
}

std::optional<CgroupPressure> parse_pressure(std::string_view text) {
  CgroupPressure pressure;
  bool has_some = false;
  while (!text.empty()) {
    std::string_view line = next_field(text, '\n');
    const std::string_view which = next_field(line, ' ');
    const auto parsed = parse_pressure_line(line);
    if (!parsed) continue;
    if (which == "some") {
      pressure.some = *parsed;
      has_some = true;
    } else if (which == "full") {
      pressure.full = *parsed;
    }
  }
  return has_some ? std::optional(pressure) : std::nullopt;
}

std::optional<CgroupSample::CpuMax> parse_cpu_max(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto quota = parse_cgroup_number(next_field(text, ' '));
  const auto period = parse_number<std::uint64_t>(text);
  if (!quota || !period || *period == 0) return std::nullopt;
  return CgroupSample::CpuMax{*quota, *period};
}

}  // namespace nsx
