// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/enter.hh>

#include "common/names.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "common/value.hh"
#include "nsx-pin/commands.hh"
#include "try.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  EnterRequest request;
  cli::RunOptions run;
  cli::UserOptions users;
  bool all = false;
  bool etc = true;
  bool sys = true;
  bool prefix = false;
  bool keep_going = false;
  unsigned jobs = 1;
  PlaceOptions place;
};

Result<unsigned> parse_jobs(const char* text) {
  const auto jobs = parse_number<unsigned>(text);
  if (jobs && *jobs > 0) return *jobs;
  return problem("invalid number of jobs '{}'", text, "expected a number of 1 or more");
}

constexpr cli::Metavar kDirectory{"DIR", cli::Completes::directory};

constexpr std::array kExecOptions{
    cli::under("Several namespaces",
               cli::flag('a', "all", "run the program in every pinned network namespace",
                         cli::set_flag<&Options::all>)),
    cli::value('j', "jobs", {"NUMBER"}, "run this many at a time",
               cli::parse_into<parse_jobs, &Options::jobs>),
    cli::flag(cli::kNoLetter, "keep-going", "continue after a failure",
              cli::set_flag<&Options::keep_going>),
    cli::flag(cli::kNoLetter, "prefix", "prefix each line of output with the name of the pin",
              cli::set_flag<&Options::prefix>),
    cli::under("Identity", cli::kAs),
    cli::value('S', "setuid", {"USER"},
               "set the UID of the program: a number, or a user of the host",
               [](Options& options, const char* user) {
                 return cli::take_id(user, "UID", options.request.uid, options.users.uid);
               }),
    cli::value('G', "setgid", {"GROUP"}, "set the GID, likewise, and drop groups",
               [](Options& options, const char* group) {
                 return cli::take_id(group, "GID", options.request.gid, options.users.gid);
               }),
    cli::kPreserveCredentials,
    cli::kKeepEnteredCaps,
    cli::under("Files",
               cli::flag(cli::kNoLetter, "no-etc", "do not mount /etc/netns/NAME/* over /etc",
                         cli::clear_flag<&Options::etc>)),
    cli::flag(cli::kNoLetter, "no-sys", "keep /sys, which shows another network namespace",
              cli::clear_flag<&Options::sys>),
    cli::value('r', "root", kDirectory, "change the root directory",
               [](EnterRequest& request, const char* path) { request.root = PathOrTarget(path); }),
    cli::value('w', "wd", kDirectory, "change the working directory",
               [](EnterRequest& request, const char* path) {
                 request.working_directory = PathOrTarget(path);
               }),
    cli::value('W', "wdns", {"DIR"}, "change the working directory to DIR inside the namespaces",
               cli::set_text<&EnterRequest::inner_working_directory>),
    cli::kMountProcForProgram,
    cli::under("Processes", cli::kNoFork),
    cli::kForwardMoreSignals,
    cli::kKillChild,
    cli::kPty,
    cli::kNoPty,
    cli::kKeepFds,
    cli::kStatusFd,
    cli::under("Other", kDir),
    cli::kPlan,
    cli::kJson,
    cli::kHelp,
};

Result<Plan> make_plan(const Kernel& kernel, const PinStore& store, const std::string& name,
                       const Options& options) {
  auto namespaces = TRY(store.find(kernel, name));
  EnterRequest request = options.request;
  request.all = true;
  KindSet kinds;
  Target target;
  target.name = "pin " + name;
  for (Namespace& ns : namespaces) {
    kinds.insert(ns.kind());
    const std::string path = pin_path(ns.kind(), name, store.root());
    target.namespaces.push_back({std::move(ns), path});
  }
  // A pinned mount namespace has its own /etc and /sys.
  if (kinds.contains(Kind::net) && !kinds.contains(Kind::mnt)) {
    if (options.sys) request.mount_sys = "/sys";
    request.mount_sys_hint = "use --no-sys to leave /sys unchanged";
    if (options.etc) {
      auto etc = TRY(files_for(kExec, name));
      if (etc) request.masked_sockets = resolvers_to_mask(*etc);
      request.bind_over = std::move(etc);
    }
  }
  auto facts = TRY(read_enter_facts(kernel, request, std::move(target)));
  TRY(cli::look_up_users(options.users, facts, request));
  if (!options.run.plan) cli::note_given_terminal(kExec, request, facts);
  return plan_enter(request, std::move(facts));
}

int run_in(const Kernel& kernel, const PinStore& store, const std::string& name,
           const Options& options) {
  auto plan = make_plan(kernel, store, name, options);
  if (!plan) {
    cli::report(kExec, plan.error());
    return cli::kFailed;
  }
  return cli::run_or_print(kExec, kernel, *plan, options.run);
}

/// A program that runs in one of several pins. With --prefix, its output comes by pipes and each
/// line is prefixed with the name of the pin.
class Job {
 public:
  static Result<Job> start(const Kernel& kernel, const PinStore& store, const std::string& name,
                           const Options& options) {
    Job job;
    job.name_ = printable(name);
    std::array<std::array<int, 2>, 2> pipes{};
    for (std::size_t i = 0; options.prefix && i < 2; ++i) {
      if (::pipe2(pipes[i].data(), O_CLOEXEC) != 0) return fail("create", "a pipe");
      job.outputs_[i].fd = OwnedFd(pipes[i][0]);
    }
    job.pid_ = ::fork();
    if (job.pid_ < 0) return fail("fork", "");
    if (job.pid_ == 0) {
      if (options.jobs > 1 && options.request.protection.of_terminal) {
        // Parallel jobs cannot share the input of one terminal.
        const OwnedFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        ::dup2(null.get(), STDIN_FILENO);
      }
      for (int i = 0; options.prefix && i < 2; ++i)
        ::dup2(pipes[static_cast<std::size_t>(i)][1], STDOUT_FILENO + i);
      ::_exit(cli::guarded(kExec, [&] { return run_in(kernel, store, name, options); }));
    }
    for (std::size_t i = 0; options.prefix && i < 2; ++i)
      ::close(pipes[i][1]);
    return job;
  }

  struct Output {
    OwnedFd fd;
    std::string begun;  ///< an incomplete line
  };

  std::array<Output, 2>& outputs() { return outputs_; }

  /// Copies the complete lines that are available, and at the end of the pipe the rest.
  void copy(std::size_t which) {
    Output& output = outputs_[which];
    std::array<char, 16384> piece{};
    const ssize_t n = ::read(output.fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) return;
    if (n > 0) output.begun.append(piece.data(), static_cast<std::size_t>(n));
    const bool is_over = n <= 0;
    if (is_over && !output.begun.empty()) output.begun += '\n';
    std::string lines;
    for (std::size_t end = 0; (end = output.begun.find('\n')) != std::string::npos;) {
      lines += name_ + ": " + output.begun.substr(0, end + 1);
      output.begun.erase(0, end + 1);
    }
    write_all(STDOUT_FILENO + static_cast<int>(which), lines);
    if (is_over) output.fd = OwnedFd();
  }

  bool is_silent() const { return !outputs_[0].fd && !outputs_[1].fd; }

  int wait() const {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  pid_t pid() const { return pid_; }

 private:
  static void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::write(fd, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  std::string name_;
  pid_t pid_ = -1;
  std::array<Output, 2> outputs_;
};

/// Waits until a job has exited and its output has been copied. Removes it and returns its status.
int finish_one(std::vector<Job>& jobs, bool prefix) {
  for (;;) {
    if (!prefix) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, 0);
      if (pid < 0 && errno == EINTR) continue;
      std::erase_if(jobs, [&](const Job& job) { return job.pid() == pid; });
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    std::vector<pollfd> polled;
    std::vector<std::pair<std::size_t, std::size_t>> whose;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      for (std::size_t which = 0; which < 2; ++which) {
        const OwnedFd& fd = jobs[i].outputs()[which].fd;
        if (!fd) continue;
        polled.push_back({fd.get(), POLLIN, 0});
        whose.emplace_back(i, which);
      }
    }
    ::poll(polled.data(), polled.size(), -1);
    for (std::size_t k = 0; k < polled.size(); ++k) {
      if (polled[k].revents != 0) jobs[whose[k].first].copy(whose[k].second);
    }
    const auto over =
        std::find_if(jobs.begin(), jobs.end(), [](const Job& job) { return job.is_silent(); });
    if (over == jobs.end()) continue;
    const int status = over->wait();
    jobs.erase(over);
    return status;
  }
}

/// Terminates all jobs after a failure. They forward the signal to their programs.
void end_all(std::vector<Job>& jobs) {
  for (Job& job : jobs) {
    ::kill(job.pid(), SIGTERM);
    for (Job::Output& output : job.outputs())
      output.fd = OwnedFd();
  }
  for (const Job& job : jobs)
    job.wait();
}

/// Runs the program in each pin and returns the highest exit status.
int follow_all(const Kernel& kernel, const PinStore& store, const std::vector<std::string>& names,
               const Options& options, std::vector<Job>& jobs) {
  int worst = 0;
  auto next = names.begin();
  while (next != names.end() || !jobs.empty()) {
    const bool goes_on = next != names.end() && (worst == 0 || options.keep_going);
    if (goes_on && jobs.size() < options.jobs) {
      auto job = Job::start(kernel, store, *next, options);
      ++next;
      if (job) {
        jobs.push_back(std::move(*job));
      } else {
        cli::report(kExec, job.error());
        worst = std::max(worst, cli::kFailed);
      }
      continue;
    }
    if (jobs.empty()) break;
    worst = std::max(worst, finish_one(jobs, options.prefix));
  }
  return worst;
}

/// Checks, before the program runs in the first pin, that each name is a pin. Returns whether the
/// program exists, or true if a pin has a mount namespace, which may have other files.
Result<bool> check_all(const Kernel& kernel, const PinStore& store,
                       const std::vector<std::string>& names, const Options& options) {
  bool has_own_files = options.request.root.has_value();
  for (const std::string& name : names) {
    auto namespaces = TRY(store.find(kernel, name));
    for (const Namespace& ns : namespaces)
      has_own_files = has_own_files || ns.kind() == Kind::mnt;
  }
  const std::string& file = options.request.program.file;
  return has_own_files || file.find('/') != std::string::npos || cli::is_in_path(file);
}

Result<int> run_in_all(const Kernel& kernel, const PinStore& store,
                       const std::vector<std::string>& names, const Options& options) {
  std::vector<Job> jobs;
  jobs.reserve(names.size());
  auto worst =
      attempt([&]() -> Result<int> { return follow_all(kernel, store, names, options, jobs); });
  if (!worst) end_all(jobs);
  return worst;
}

Result<int> carry_out(const cli::CommandLine& line, const Options& options) {
  auto kernel = TRY(cli::open_kernel());
  auto place = TRY(find_place(options.place));
  auto store = TRY(open_store(kernel, place));
  TRY(check_not_roots(kernel, place, "enter the pin", line.operands));
  std::vector<std::string> names(line.operands.begin(), line.operands.end());
  if (options.all) {
    auto pins = TRY(store.list(kernel, {Kind::net}));
    for (const PinFile& pin : pins) {
      if (pin.state == PinState::live) names.push_back(pin.name);
    }
  }
  if (names.size() == 1 && !options.prefix && !options.all) {
    return run_in(kernel, store, names.front(), options);
  }
  if (!options.keep_going) {
    if (!TRY(check_all(kernel, store, names, options))) {
      const auto missing = fail("execute", options.request.program.file, ENOENT);
      cli::report(kExec, missing.value());
      return cli::kNotFound;
    }
  }
  return run_in_all(kernel, store, names, options);
}

}  // namespace

constexpr cli::Tool kExec{
    "nsx-pin exec",
    "[options] name [name... --] program [argument...]",
    "Run a program in pinned namespaces",
    kExecOptions,
    {.most = cli::Operands::kAnyNumber,
     .first = cli::Completes::pin,
     .rest = cli::Completes::pin,
     .runs = cli::Operands::Runs::after_dashes,
     .or_after_first = true},
    kUsageStatus,
    "The exit status is that of the program; with several pins, the highest one.\n",
    {{{"nsx-pin exec blue ip addr", "addresses in the namespace blue"},
      {"nsx-pin exec --all --prefix ss -tln", "sockets of all network pins"},
      {"nsx-pin exec blue -- sh", "shell inside"}}},
};

int execute(const cli::CommandLine& given_line) {
  cli::CommandLine line = given_line;
  Options options;
  options.users.of_host = true;
  auto read = cli::apply<kExecOptions>(line, options, options.request, options.users, options.run,
                                       options.place);
  if (!read) return cli::usage_error(kExec, read.error());
  if (auto ok = cli::check(options.run); !ok) return cli::usage_error(kExec, ok.error());
  if (auto ok = cli::check_users(line); !ok) {
    return cli::usage_error(kExec, ok.error());
  }
  // The parser took the first word for a pin name, but it is the program.
  if (options.all && line.ended_by_first) {
    line.program.insert(line.program.begin(), line.operands.begin(), line.operands.end());
    line.operands.clear();
  }
  if (line.operands.empty() != options.all) {
    return cli::usage_error(kExec, name_error(options.all));
  }
  options.request.follow = options.run.follow;
  // The program ends with this process.
  add_ending_signals(options.request.follow.forward);
  options.request.fork = !options.run.forks_not;
  options.request.protection = cli::protection(options.run, false);
  options.request.program = cli::choose_program(line.program);
  options.request.program.reporter = kExec.name;
  const auto status = carry_out(line, options);
  if (status) return *status;
  cli::report(kExec, status.error());
  return cli::kFailed;
}

}  // namespace nsx::pin_tool
