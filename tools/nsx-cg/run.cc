// nsx-cg run.

#include <cstdio>

#include <nsx/cgroup_run.hh>
#include <nsx/plan.hh>

#include "common/json.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/code.hh"
#include "nsx-cg/commands.hh"
#include "nsx-cg/session.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  std::string into = ".";
  std::string name;
  bool keep = false;
  bool stats = false;
  bool json = false;
  bool dry_run = false;
  std::optional<int> oom_exit;
  CgroupChangeOptions options;
};

Status apply(const cli::Given& given, Request& request) {
  const char* argument = given.argument;
  switch (given.option->id) {
    case kInto:
      request.into = argument;
      break;
    case kName:
      request.name = argument;
      break;
    case kKeep:
      request.keep = true;
      break;
    case kStats:
      request.stats = true;
      break;
    case 'J':
      request.json = true;
      break;
    case kOomExit: {
      const auto status = cli::parse_number<int>(argument);
      constexpr int kMost = 255;
      if (!status || *status < 0 || *status > kMost) {
        return refuse("use as an exit status", cli::quoted(argument), "it is from 0 to 255");
      }
      request.oom_exit = *status;
      break;
    }
    case kLeaf:
      request.options.leaf = argument;
      break;
    case kForce:
      request.options.force = true;
      break;
    case kDryRun:
      request.dry_run = true;
      break;
    default:
      break;
  }
  return {};
}

std::string seconds(std::uint64_t microseconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(microseconds) / 1e6);
  return text;
}

/// What was used, a line each; what the kernel does not tell is left out.
std::string stats_text(const CgroupSample& sample) {
  std::string text;
  const auto add = [&](const char* what, const std::string& value) {
    text += std::string(what) + ": " + value + '\n';
  };
  if (sample.cpu_usage) {
    std::string value = seconds(*sample.cpu_usage);
    if (sample.cpu_user && sample.cpu_system) {
      value +=
          " (user " + seconds(*sample.cpu_user) + ", system " + seconds(*sample.cpu_system) + ')';
    }
    add("CPU time", value);
  }
  if (sample.cpu_throttled.value_or(0) > 0) {
    add("CPU throttled", std::to_string(*sample.cpu_throttled) + " of " +
                             std::to_string(sample.cpu_periods.value_or(0)) + " periods, for " +
                             seconds(sample.cpu_throttled_time.value_or(0)));
  }
  if (sample.memory_peak) add("memory, at most", size_text(*sample.memory_peak, false));
  if (sample.oom_kills) add("killed for lack of memory", std::to_string(*sample.oom_kills));
  if (sample.read_bytes) {
    add("read", size_text(*sample.read_bytes, false) + " in " +
                    std::to_string(sample.reads.value_or(0)) + " operations");
    add("written", size_text(sample.written_bytes.value_or(0), false) + " in " +
                       std::to_string(sample.writes.value_or(0)) + " operations");
  }
  if (sample.net) {
    const auto add_net = [&](const char* what, const CgroupNetCounters& counters) {
      std::string value =
          size_text(counters.bytes, false) + " in " + std::to_string(counters.packets) + " packets";
      if (counters.dropped_packets > 0) {
        value += ", dropped " + std::to_string(counters.dropped_packets);
      }
      add(what, value);
    };
    add_net("received", sample.net->in.counters);
    add_net("sent", sample.net->out.counters);
  }
  if (sample.pids_max_events.value_or(0) > 0) {
    add("forks refused", std::to_string(*sample.pids_max_events));
  }
  const auto add_pressure = [&](const char* what, const std::optional<CgroupPressure>& pressure) {
    if (pressure && pressure->some.total > 0) add(what, seconds(pressure->some.total));
  };
  add_pressure("waited for a CPU", sample.cpu_pressure);
  add_pressure("waited for memory", sample.memory_pressure);
  add_pressure("waited for I/O", sample.io_pressure);
  return text;
}

std::string stats_json(const CgroupSample& sample) {
  cli::JsonWriter json;
  json.open('{').key("name").string(sample.path);
  const auto add = [&](const char* key, const std::optional<std::uint64_t>& number) {
    if (number) json.key(key).number(*number);
  };
  add("cpu-usec", sample.cpu_usage);
  add("cpu-user-usec", sample.cpu_user);
  add("cpu-system-usec", sample.cpu_system);
  add("cpu-periods", sample.cpu_periods);
  add("cpu-throttled", sample.cpu_throttled);
  add("cpu-throttled-usec", sample.cpu_throttled_time);
  add("memory-peak", sample.memory_peak);
  add("oom-kills", sample.oom_kills);
  add("read-bytes", sample.read_bytes);
  add("written-bytes", sample.written_bytes);
  add("reads", sample.reads);
  add("writes", sample.writes);
  add("forks-refused", sample.pids_max_events);
  if (sample.net) {
    const auto& [in, out] = std::pair{sample.net->in.counters, sample.net->out.counters};
    add("received-bytes", in.bytes);
    add("received-packets", in.packets);
    add("received-dropped", in.dropped_packets);
    add("sent-bytes", out.bytes);
    add("sent-packets", out.packets);
    add("sent-dropped", out.dropped_packets);
  }
  const auto add_pressure = [&](const char* key, const std::optional<CgroupPressure>& pressure) {
    if (pressure) json.key(key).number(pressure->some.total);
  };
  add_pressure("cpu-waited-usec", sample.cpu_pressure);
  add_pressure("memory-waited-usec", sample.memory_pressure);
  add_pressure("io-waited-usec", sample.io_pressure);
  return json.close().take() + '\n';
}

Result<CgroupSample> read_stats(const Cgroup& cgroup) {
  auto reading = sample_cgroups(
      cgroup,
      {.files = {CgroupFile::cpu_stat, CgroupFile::memory_peak, CgroupFile::memory_events,
                 CgroupFile::io_stat, CgroupFile::net, CgroupFile::pids_events,
                 CgroupFile::cpu_pressure, CgroupFile::memory_pressure, CgroupFile::io_pressure},
       .pids = false,
       .descend = false});
  if (!reading) return error_of(reading);
  return std::move(reading->cgroups.front());
}

Result<CgroupWanted> wanted_cgroup(const Session& session, const Request& request,
                                   std::span<char* const> limits) {
  auto above = session.tree.find(request.into);
  if (!above) return error_of(above);
  const std::string name =
      request.name.empty() ? unused_cgroup_name(session.tree, above->path()) : request.name;
  CgroupWanted wanted;
  auto path = session.tree.locate(path_below(above->path(), name));
  if (!path) return error_of(path);
  wanted.path = std::move(*path);
  auto settings = settings_of(session, wanted.path, limits);
  if (!settings) return error_of(settings);
  wanted.settings = std::move(*settings);
  wanted.must_be_new = true;
  // What is told at the end is counted by these.
  if (request.stats) wanted.wishes = {"cpu", "io", "memory", "pids"};
  return wanted;
}

/// Runs the program in a cgroup that is there. In the child, whose program did not start, there is
/// nothing left to do but to end.
int run_in(const Session& session, TemporaryCgroup& temporary, const Request& request,
           const std::vector<char*>& program) {
  Plan plan;
  step::Fork fork;
  fork.forward = cli::usual_signals();
  fork.cgroup = temporary.cgroup().directory();
  fork.cgroup_path = temporary.cgroup().path();
  plan.steps.emplace_back(std::move(fork));
  plan.steps.emplace_back(step::Execute{program.front(), {program.begin(), program.end()}});
  const auto outcome = carry_out(*session.kernel, plan);
  if (!outcome && outcome.error().step > 0) return cli::report_failure(kRun, plan, outcome.error());

  // What is read now is of what has ended.
  const auto stats = read_stats(temporary.cgroup());
  Status removed;
  if (request.keep) {
    temporary.keep();
  } else {
    removed = temporary.remove();
  }
  if (!outcome) return cli::report_failure(kRun, plan, outcome.error());
  if (request.stats && stats) {
    const std::string text = request.json ? stats_json(*stats) : stats_text(*stats);
    std::fwrite(text.data(), 1, text.size(), stderr);
  }
  if (request.stats && !stats) cli::report(kRun, stats.error());
  if (!removed) cli::report(kRun, removed.error());
  if (request.oom_exit && stats && stats->oom_kills.value_or(0) > 0) return *request.oom_exit;
  return cli::end_as(*outcome);
}

}  // namespace

int run(const cli::CommandLine& line) {
  Request request;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, request); !done) return cli::usage_error(kRun, done.error());
  }
  if (line.program.empty()) {
    return cli::usage_error(kRun, {"run", "", 0, "no program is given", "it stands behind --"});
  }
  auto session = Session::open();
  if (!session) return finish(kRun, error_of(session));
  auto wanted = wanted_cgroup(*session, request, line.operands);
  if (!wanted) return finish(kRun, error_of(wanted));
  if (request.dry_run) {
    return finish(kRun, change(*session, {&*wanted, 1}, request.options, true));
  }
  auto temporary = TemporaryCgroup::make(session->tree, *wanted, request.options);
  if (!temporary) return finish(kRun, error_of(temporary));
  return run_in(*session, *temporary, request, line.program);
}

}  // namespace nsx::cg_tool
