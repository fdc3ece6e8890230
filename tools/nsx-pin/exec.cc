#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nsx/enter.hh>

#include "common/ids.hh"
#include "common/number.hh"
#include "common/report.hh"
#include "common/runner.hh"
#include "nsx-pin/code.hh"
#include "nsx-pin/commands.hh"
#include "nsx-pin/etc.hh"
#include "nsx-pin/place.hh"

namespace nsx::pin_tool {

namespace {

struct Options {
  EnterRequest request;
  cli::RunOptions run;
  bool all = false;
  bool etc = true;
  bool sys = true;
  bool prefix = false;
  bool keep_going = false;
  unsigned jobs = 1;
};

Status put_id(Result<std::uint32_t> id, std::optional<std::uint32_t>& place) {
  if (!id) return error_of(id);
  place = *id;
  return {};
}

Status apply(const cli::Given& given, Options& options) {
  EnterRequest& request = options.request;
  const char* argument = given.argument;
  switch (given.option->id) {
    case 'a':
      options.all = true;
      break;
    case 'j': {
      const auto jobs = cli::parse_number<unsigned>(argument);
      if (!jobs || *jobs == 0) {
        return refuse("run", cli::quoted(argument) + " at a time", "not a number from 1 on");
      }
      options.jobs = *jobs;
      break;
    }
    case kKeepGoing:
      options.keep_going = true;
      break;
    case kPrefix:
      options.prefix = true;
      break;
    case kNoEtc:
      options.etc = false;
      break;
    case kNoSys:
      options.sys = false;
      break;
    case 'S':
      return put_id(cli::parse_id(argument, "UID"), request.uid);
    case 'G':
      return put_id(cli::parse_id(argument, "GID"), request.gid);
    case kPreserveCredentials:
      request.preserve_credentials = true;
      break;
    case kKeepCaps:
      request.keep_capabilities = true;
      break;
    case 'r':
      request.root = PathOrTarget(argument);
      break;
    case 'w':
      request.working_directory = PathOrTarget(argument);
      break;
    case 'W':
      request.inner_working_directory = argument;
      break;
    case kMountProc:
      request.mount_proc = argument != nullptr ? argument : "/proc";
      break;
    case 'F':
      request.fork = false;
      break;
    default:
      break;
  }
  return cli::apply(given, options.run);
}

/// Nobody is left behind when we are told to end: these go on to the program.
FollowRequest follow_request(const cli::RunOptions& options) {
  FollowRequest follow = options.follow;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT})
    follow.forward.push_back(signal);
  return follow;
}

Result<Plan> make_plan(const Kernel& kernel, const PinStore& store, const std::string& name,
                       const Options& options) {
  auto namespaces = store.find(kernel, name);
  if (!namespaces) return error_of(namespaces);
  EnterRequest request = options.request;
  request.all = true;
  KindSet kinds;
  Target target;
  target.name = "pin " + name;
  for (Namespace& ns : *namespaces) {
    kinds.insert(ns.kind());
    const std::string path = pin_path(ns.kind(), name, store.root());
    target.namespaces.push_back({std::move(ns), path});
  }
  // A mount namespace that is pinned has files of its own.
  if (kinds.contains(Kind::net) && !kinds.contains(Kind::mnt)) {
    request.mount_sys = options.sys;
    if (options.etc) {
      auto etc = files_for(kExec, name);
      if (!etc) return error_of(etc);
      request.bind_over = std::move(*etc);
    }
  }
  auto facts = read_enter_facts(kernel, request, std::move(target));
  if (!facts) return error_of(facts);
  return plan_enter(request, std::move(*facts));
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

/// A program that runs in one of several, and what it writes: lines that get the name in front.
class Job {
 public:
  static Result<Job> start(const Kernel& kernel, const PinStore& store, const std::string& name,
                           const Options& options) {
    Job job;
    job.name_ = printable(name);
    std::array<std::array<int, 2>, 2> pipes{};
    for (std::size_t i = 0; options.prefix && i < 2; ++i) {
      if (::pipe2(pipes[i].data(), O_CLOEXEC) != 0) return fail("make", "a pipe");
      job.outputs_[i].fd = OwnedFd(pipes[i][0]);
    }
    job.pid_ = ::fork();
    if (job.pid_ < 0) return fail("fork", "");
    if (job.pid_ == 0) {
      for (int i = 0; options.prefix && i < 2; ++i)
        ::dup2(pipes[static_cast<std::size_t>(i)][1], STDOUT_FILENO + i);
      ::_exit(run_in(kernel, store, name, options));
    }
    for (std::size_t i = 0; options.prefix && i < 2; ++i)
      ::close(pipes[i][1]);
    return job;
  }

  struct Output {
    OwnedFd fd;
    std::string begun;  ///< a line without its end
  };

  std::array<Output, 2>& outputs() { return outputs_; }

  /// Reads what there is, and writes whole lines on; at the end of the pipe, the rest.
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

/// Waits until a job has ended and written all; takes it off. Its status.
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

/// The worst status of all.
int run_in_all(const Kernel& kernel, const PinStore& store, const std::vector<std::string>& names,
               const Options& options) {
  std::vector<Job> jobs;
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

Result<int> carry_out(const cli::CommandLine& line, const Options& options) {
  auto kernel = cli::open_kernel();
  if (!kernel) return error_of(kernel);
  auto place = find_place(line);
  if (!place) return error_of(place);
  auto store = open_store(*kernel, *place);
  if (!store) return error_of(store);
  std::vector<std::string> names(line.operands.begin(), line.operands.end());
  if (options.all) {
    auto pins = store->list(*kernel, {Kind::net});
    if (!pins) return error_of(pins);
    for (const PinFile& pin : *pins) {
      if (pin.state == PinState::live) names.push_back(pin.name);
    }
  }
  if (names.size() == 1 && !options.prefix && !options.all) {
    return run_in(*kernel, *store, names.front(), options);
  }
  return run_in_all(*kernel, *store, names, options);
}

}  // namespace

int execute(const cli::CommandLine& given_line) {
  cli::CommandLine line = given_line;
  Options options;
  for (const cli::Given& given : line.options) {
    if (auto done = apply(given, options); !done) return cli::usage_error(kExec, done.error());
  }
  if (auto ok = cli::check(options.run); !ok) return cli::usage_error(kExec, ok.error());
  // As ip-netns(8) has it: NAME COMMAND..., without "--".
  if (line.program.empty() && line.operands.size() > 1 && !options.all) {
    line.program.assign(line.operands.begin() + 1, line.operands.end());
    line.operands.resize(1);
  }
  if (line.program.empty() && options.all) line.program = std::exchange(line.operands, {});
  if (line.operands.empty() != options.all) {
    return cli::usage_error(kExec, {"run in",
                                    options.all ? line.operands.front() : "a pin",
                                    0,
                                    options.all ? "--all is all of them" : "no name is given",
                                    {}});
  }
  options.request.follow = follow_request(options.run);
  options.request.program = cli::choose_program(line.program);
  const auto status = carry_out(line, options);
  if (status) return *status;
  cli::report(kExec, status.error());
  return cli::kFailed;
}

}  // namespace nsx::pin_tool
