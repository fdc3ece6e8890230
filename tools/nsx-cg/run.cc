// SPDX-License-Identifier: MIT

#include <array>
#include <cerrno>
#include <cstdio>
#include <unistd.h>

#include <nsx/cgroup_run.hh>
#include <nsx/plan.hh>

#include "common/json.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "common/value.hh"
#include "nsx-cg/cells.hh"
#include "nsx-cg/commands.hh"
#include "try.hh"

namespace nsx::cg_tool {

namespace {

struct Request {
  std::optional<std::string> into;
  std::string name;
  bool keep = false;
  bool stats = false;
  bool json = false;
  std::optional<int> oom_exit;
  std::vector<CgroupLimit> limits;
  ChangeOptions change;
};

Result<int> parse_status(const char* text) {
  const auto status = parse_number<int>(text);
  constexpr int kMost = 255;
  if (status && *status >= 0 && *status <= kMost) return *status;
  return problem("invalid exit status '{}'", text, "expected a number from 0 to 255");
}

constexpr std::array kRunOptions{
    cli::under("Cgroup", cli::value(cli::kNoLetter, "name", {"NAME"},
                                    "name of the cgroup (default: nsx- and this command's PID)",
                                    cli::set_text<&Request::name>)),
    cli::value(cli::kNoLetter, "into", {"CGROUP", cli::Completes::cgroup},
               "create the cgroup below this one (default: below the current one)",
               cli::set_text<&Request::into>),
    cli::flag(cli::kNoLetter, "keep", "keep the cgroup and what still runs inside",
              cli::set_flag<&Request::keep>),
    kLeaf,
    kForce,
    cli::under("Output", cli::flag(cli::kNoLetter, "stats",
                                   "print what the program used to stderr when it exits",
                                   cli::set_flag<&Request::stats>)),
    cli::flag('J', "json", "with --stats: print JSON", cli::set_flag<&Request::json>),
    cli::value(cli::kNoLetter, "oom-exit", {"STATUS"},
               "exit with STATUS if a process was killed by the OOM killer",
               cli::parse_into<parse_status, &Request::oom_exit>),
    kDryRun,
    cli::under("Other", cli::kHelp),
};

std::string seconds(std::uint64_t microseconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(microseconds) / 1e6);
  return text;
}

/// Returns the resources used, one per line. Values that the kernel does not report are left out.
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
  if (sample.memory_peak) add("peak memory", size_text(*sample.memory_peak, false));
  if (sample.oom_kills) add("OOM kills", std::to_string(*sample.oom_kills));
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
  add_pressure("waited for CPU", sample.cpu_pressure);
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
  add("cpu_usec", sample.cpu_usage);
  add("cpu_user_usec", sample.cpu_user);
  add("cpu_system_usec", sample.cpu_system);
  add("cpu_periods", sample.cpu_periods);
  add("cpu_throttled", sample.cpu_throttled);
  add("cpu_throttled_usec", sample.cpu_throttled_time);
  add("memory_peak", sample.memory_peak);
  add("oom_kills", sample.oom_kills);
  add("read_bytes", sample.read_bytes);
  add("written_bytes", sample.written_bytes);
  add("reads", sample.reads);
  add("writes", sample.writes);
  add("forks_refused", sample.pids_max_events);
  if (sample.net) {
    const auto& [in, out] = std::pair{sample.net->in.counters, sample.net->out.counters};
    add("received_bytes", in.bytes);
    add("received_packets", in.packets);
    add("received_dropped", in.dropped_packets);
    add("sent_bytes", out.bytes);
    add("sent_packets", out.packets);
    add("sent_dropped", out.dropped_packets);
  }
  const auto add_pressure = [&](const char* key, const std::optional<CgroupPressure>& pressure) {
    if (pressure) json.key(key).number(pressure->some.total);
  };
  add_pressure("cpu_waited_usec", sample.cpu_pressure);
  add_pressure("memory_waited_usec", sample.memory_pressure);
  add_pressure("io_waited_usec", sample.io_pressure);
  return json.close().take() + '\n';
}

Result<CgroupSample> read_stats(const Cgroup& cgroup) {
  auto reading = TRY(sample_cgroups(
      cgroup,
      {.files = {CgroupFile::cpu_stat, CgroupFile::memory_peak, CgroupFile::memory_events,
                 CgroupFile::io_stat, CgroupFile::net, CgroupFile::pids_events,
                 CgroupFile::cpu_pressure, CgroupFile::memory_pressure, CgroupFile::io_pressure},
       .pids = false,
       .descend = false}));
  return std::move(reading.cgroups.front());
}

Result<CgroupWanted> wanted_cgroup(const Session& session, const Request& request) {
  auto above = TRY(session.tree.find(request.into.value_or(".")));
  const std::string name =
      request.name.empty() ? unused_cgroup_name(session.tree, above.path()) : request.name;
  CgroupWanted wanted;
  wanted.path = TRY(session.tree.locate(path_below(above.path(), name)));
  wanted.settings = TRY(settings_of(kRun, session, wanted.path, request.limits));
  wanted.must_be_new = true;
  // The statistics need these controllers.
  if (request.stats) wanted.wishes = {"cpu", "io", "memory", "pids"};
  return wanted;
}

/// Chooses the parent cgroup if the user gave none: usually that of this command.
Status choose_place(const Session& session, Request& request) {
  if (request.into || request.change.how.force) return {};
  auto place = TRY(cli::place_for_cgroup(session.tree));
  request.into = std::move(place.path);
  if (request.change.how.leaf.empty()) request.change.how.leaf = std::move(place.leaf);
  return {};
}

/// Runs the program in an existing cgroup. Also returns in the child if the program did not start:
/// the child only exits then.
int run_in(const Session& session, TemporaryCgroup& temporary, const Request& request,
           const std::vector<char*>& program) {
  Plan plan;
  step::Fork fork;
  fork.forward = usual_signals();
  fork.cgroup = temporary.cgroup().directory();
  fork.cgroup_path = temporary.cgroup().path();
  plan.steps.emplace_back(std::move(fork));
  plan.steps.emplace_back(step::Execute{program.front(), {program.begin(), program.end()}});
  bool has_started = false;
  auto outcome = carry_out(*session.kernel, plan, [&](const Started&) { has_started = true; });
  if (!outcome && outcome.error().step > 0) return cli::report_failure(kRun, plan, outcome.error());

  if (!outcome && outcome.error().error.code == EAGAIN) {
    if (auto full = explain_full(session.tree, temporary.cgroup())) outcome.error().error = *full;
  }
  // Read before the cgroup is removed.
  const auto stats = read_stats(temporary.cgroup());
  Status removed;
  if (!has_started) {
    removed = temporary.take_back(session.tree);
  } else if (request.keep) {
    temporary.keep();
  } else {
    removed = temporary.remove();
  }
  if (!outcome) return cli::report_failure(kRun, plan, outcome.error());
  bool is_lost = false;
  if (request.stats && stats) {
    const std::string text = request.json ? stats_json(*stats) : stats_text(*stats);
    is_lost = cli::was_closed(STDERR_FILENO) ||
              std::fwrite(text.data(), 1, text.size(), stderr) != text.size();
  }
  if (request.stats && !stats) cli::report(kRun, stats.error());
  if (!removed) cli::report(kRun, removed.error());
  if (request.oom_exit && stats && stats->oom_kills.value_or(0) > 0) return *request.oom_exit;
  // The program has run, but its statistics were lost.
  if (is_lost) return 1;
  return cli::end_as(*outcome);
}

}  // namespace

constexpr cli::Tool kRun{
    "nsx-cg run",
    "[options] [limit...] -- program [argument...]",
    "Run a program in a cgroup of its own",
    kRunOptions,
    cli::Operands{.most = cli::Operands::kAnyNumber,
                  .first = cli::Completes::words,
                  .rest = cli::Completes::words,
                  .words = kLimitWords,
                  .runs = cli::Operands::Runs::after_dashes},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg run memory=512M -- make", "with a memory limit"},
      {"nsx-cg run cpu=50% pids=20 -- ./job", "half a CPU, 20 processes"},
      {"nsx-cg run --stats -- make", "print what it used"}}},
};

int run(const cli::CommandLine& line) {
  Request request;
  if (auto read = cli::apply<kRunOptions>(line, request, request.change, request.change.how);
      !read) {
    return cli::usage_error(kRun, read.error());
  }
  if (line.program.empty()) {
    return cli::usage_error(kRun, {"missing program: put it after '--'", "", 0, "", ""});
  }
  // Invalid limits are refused before systemd is asked for a scope.
  auto limits = parse_limits(line.operands);
  if (!limits) return cli::usage_error(kRun, limits.error());
  request.limits = std::move(*limits);
  auto session = Session::open();
  if (!session) return finish(kRun, error_of(session));
  if (request.change.dry_run && !request.into && !request.change.how.force &&
      cli::needs_scope(session->tree)) {
    // The remaining steps can only be planned inside the scope.
    std::printf("systemd-run %s--scope -p Delegate=yes %s\n", ::geteuid() == 0 ? "" : "--user ",
                cli::own_command_line().c_str());
    return cli::finish_stdout(kRun);
  }
  if (auto placed = choose_place(*session, request); !placed) {
    return finish(kRun, placed);
  }
  auto wanted = wanted_cgroup(*session, request);
  if (!wanted) return finish(kRun, error_of(wanted));
  auto steps = plan_cgroups(session->tree, {&*wanted, 1}, request.change.how);
  if (!steps) return finish(kRun, error_of(steps));
  if (request.change.dry_run) {
    print_steps(*session, *steps);
    return cli::finish_stdout(kRun);
  }
  auto temporary = TemporaryCgroup::carry_out(session->tree, wanted->path, std::move(*steps));
  if (!temporary) return finish(kRun, error_of(temporary));
  return run_in(*session, *temporary, request, line.program);
}

namespace {

constexpr std::array kExecOptions{kForce, cli::kHelp};

}  // namespace

constexpr cli::Tool kExec{
    "nsx-cg exec",
    "[options] cgroup -- program [argument...]",
    "Run a program in an existing cgroup",
    kExecOptions,
    cli::Operands{.least = 1,
                  .most = 1,
                  .first = cli::Completes::cgroup,
                  .runs = cli::Operands::Runs::after_dashes},
    kUsageStatus,
    nullptr,
    {{{"nsx-cg exec /batch -- make", "build there"},
      {"nsx-cg exec web -- sleep 60", "in the cgroup of a container"},
      {"nsx-cg run memory=1G -- make", "in a cgroup of its own instead"}}},
};

int exec(const cli::CommandLine& line) {
  CgroupChangeOptions options;
  if (auto read = cli::apply<kExecOptions>(line, options); !read) {
    return cli::usage_error(kExec, read.error());
  }
  if (line.program.empty()) {
    return cli::usage_error(kExec, {"missing program: put it after '--'", "", 0, "", ""});
  }
  auto session = Session::open();
  if (!session) return finish(kExec, error_of(session));
  auto cgroup = find_to_change(*session, line.operands.front(), options.force);
  if (!cgroup) return finish(kExec, error_of(cgroup));
  // This process becomes the program, so nothing waits for it or cleans up after it.
  Plan plan;
  step::EnterCgroup enter;
  enter.path = cgroup->path();
  enter.opened = &*cgroup;
  plan.steps.emplace_back(std::move(enter));
  plan.steps.emplace_back(
      step::Execute{line.program.front(), {line.program.begin(), line.program.end()}});
  const auto outcome = carry_out(*session->kernel, plan);
  return outcome ? 0 : cli::report_failure(kExec, plan, outcome.error());
}

}  // namespace nsx::cg_tool
