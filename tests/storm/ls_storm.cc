// SPDX-License-Identifier: MIT
// ls-storm [--yield] RUNS FILE [VIEW]: nsx-ls while processes, threads and namespaces come and go.
//
// Runs nsx-ls RUNS times in each of its views, or in the named one, beside a storm: workers that
// fork as fast as possible, in their own PID namespace, whose children move between namespaces,
// start threads, hold descriptors of namespaces or mount them on FILE, and exit. Each run has to
// exit as expected, to show the namespaces of a fixed set of processes correctly, and no torn row.
// Its stderr has to be the same as before the storm.
//
// --yield: the storm only uses the CPU time that nsx-ls leaves, by its niceness. Then a run takes
// milliseconds, and thousands are possible; otherwise the storm has most of it, and much more comes
// and goes during a run.
//
// Prints a line about what came and went; on a failure the first error, with the whole output of
// nsx-ls, and status 1.

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <set>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using Json = nlohmann::json;

constexpr int kFixed = 20;
constexpr int kWorkers = 3;          // two processors, and nsx-ls
constexpr int kShown = 4000;         // bytes of what a wrong run printed
constexpr int kTimeout = 60 * 1000;  // of a run; one takes milliseconds

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "ls-storm: %s: %s\n", what, std::strerror(errno));
  std::exit(2);
}

/// clone(2) as fork(2), into new namespaces; the child dies with its parent.
pid_t fork_into(int flags) {
  const pid_t parent = ::getpid();
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, 0, 0, 0));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // In a new PID namespace the parent's PID is 0.
    if ((flags & CLONE_NEWPID) == 0 && ::getppid() != parent) ::_exit(1);
  }
  return pid;
}

// The storm.

struct Tally {
  std::atomic<std::uint64_t> processes;
  std::atomic<std::uint64_t> threads;
  std::atomic<std::uint64_t> namespaces;
};

class Storm {
 public:
  Storm(const char* file, bool yields) : file_(file), yields_(yields) {
    void* shared =
        ::mmap(nullptr, sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) die("mmap");
    tally_ = new (shared) Tally{};
    init_ = fork_into(CLONE_NEWPID);
    if (init_ < 0) die("a pid namespace for the storm");
    if (init_ == 0) run_init();
  }
  Storm(const Storm&) = delete;
  Storm(Storm&&) = delete;
  Storm& operator=(const Storm&) = delete;
  Storm& operator=(Storm&&) = delete;

  /// Killing its first process ends the whole PID namespace.
  ~Storm() {
    ::kill(init_, SIGKILL);
    ::waitpid(init_, nullptr, 0);
  }

  const Tally& tally() const { return *tally_; }

 private:
  [[noreturn]] void run_init() const {
    ::signal(SIGCHLD, SIG_IGN);  // takes the orphans
    if (yields_ && ::setpriority(PRIO_PROCESS, 0, 19) != 0) ::_exit(1);
    for (int i = 0; i < kWorkers; ++i) {
      const pid_t worker = fork_into(0);
      if (worker < 0) ::_exit(1);
      if (worker == 0) work(static_cast<unsigned>(i) * 7);
    }
    for (;;)
      ::pause();
  }

  /// Starts children, each with a different job, and waits for the oldest of a few, so that
  /// some are always zombies.
  [[noreturn]] void work(unsigned first) const {
    ::signal(SIGCHLD, SIG_DFL);
    std::array<pid_t, 12> alive{};
    for (unsigned i = first;; ++i) {
      pid_t& oldest = alive[i % alive.size()];
      if (oldest > 0) ::waitpid(oldest, nullptr, 0);
      const bool by_clone = i % 8 == 5;
      oldest = fork_into(by_clone ? CLONE_NEWUTS | CLONE_NEWUSER : 0);
      if (oldest == 0) {
        live(i);
        ::_exit(0);
      }
      if (oldest < 0) {
        ::usleep(100);
        continue;
      }
      ++tally_->processes;
      if (by_clone) tally_->namespaces += 2;
    }
  }

  void live(unsigned i) const {
    switch (i % 16) {
      case 0:
        break;
      case 1:
        ::usleep(1000);
        break;
      case 2:
        leave(CLONE_NEWUTS);
        ::usleep(500);
        break;
      case 3:
        leave(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWIPC);
        break;
      case 4:
        for (int hop = 0; hop < 5; ++hop)
          leave(CLONE_NEWUTS | CLONE_NEWCGROUP);
        break;
      case 6:
        start_threads();
        break;
      case 7:
        leave_an_orphan();
        break;
      case 8:
        hold_by_descriptor();
        break;
      case 9:
        for_children(CLONE_NEWPID);
        break;
      case 10:
        for_children(0x80);  // CLONE_NEWTIME
        break;
      case 11:
        if (i % 64 == 11) hold_by_mount();
        break;
      case 12:
        if (i % 256 == 12) leave(CLONE_NEWNET);  // slow to make, and slower to end
        break;
      case 14:
        if (i % 64 == 14) ::execl("/bin/true", "another name", nullptr);
        break;
      default:
        ::sched_yield();
    }
  }

  bool leave(int flags) const {
    if (::unshare(flags) != 0) return false;
    ++tally_->namespaces;
    return true;
  }

  /// Three, one of which leaves its process's namespace.
  void start_threads() const {
    const auto main = [](void* storm) -> void* {
      const auto* self = static_cast<const Storm*>(storm);
      if (++self->tally_->threads % 3 == 0) self->leave(CLONE_NEWUTS);
      ::usleep(300);
      return nullptr;
    };
    std::array<pthread_t, 3> threads{};
    for (pthread_t& thread : threads) {
      if (::pthread_create(&thread, nullptr, main, const_cast<Storm*>(this)) != 0) thread = 0;
    }
    for (const pthread_t thread : threads) {
      if (thread != 0) ::pthread_join(thread, nullptr);
    }
  }

  void leave_an_orphan() const {
    const pid_t child = ::fork();
    if (child == 0) ::usleep(500);
    if (child > 0) ++tally_->processes;
  }

  void hold_by_descriptor() const {
    if (!leave(CLONE_NEWUTS)) return;
    const int held = ::open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);
    leave(CLONE_NEWUTS);
    ::usleep(1000);
    if (held >= 0) ::close(held);
  }

  void for_children(int flags) const {
    if (!leave(flags)) return;
    const pid_t child = ::fork();
    if (child < 0) return;
    ::usleep(300);
    if (child > 0) ::waitpid(child, nullptr, 0);
  }

  void hold_by_mount() const {
    if (!leave(CLONE_NEWNS)) return;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    if (!leave(CLONE_NEWUTS)) return;
    if (::mount("/proc/thread-self/ns/uts", file_, nullptr, MS_BIND, nullptr) != 0) return;
    leave(CLONE_NEWUTS);
    ::usleep(1000);
  }

  const char* file_;
  bool yields_;
  Tally* tally_ = nullptr;
  pid_t init_ = -1;
};

// The fixed set, which has to be visible.

constexpr std::array kFixedKinds{"ipc", "user", "uts"};

struct FixedProcess {
  pid_t pid = 0;
  std::array<ino_t, kFixedKinds.size()> inodes{};  // by kFixedKinds

  ino_t in(std::string_view kind) const {
    for (std::size_t i = 0; i < kFixedKinds.size(); ++i) {
      if (kind == kFixedKinds[i]) return inodes[i];
    }
    return 0;
  }
};

class FixedSet {
 public:
  FixedSet() {
    for (int i = 0; i < kFixed; ++i)
      processes_.push_back(start());
  }
  FixedSet(const FixedSet&) = delete;
  FixedSet(FixedSet&&) = delete;
  FixedSet& operator=(const FixedSet&) = delete;
  FixedSet& operator=(FixedSet&&) = delete;
  ~FixedSet() {
    for (const FixedProcess& process : processes_) {
      ::kill(process.pid, SIGKILL);
      ::waitpid(process.pid, nullptr, 0);
    }
  }

  const FixedProcess& operator[](std::size_t i) const { return processes_[i]; }
  const std::vector<FixedProcess>& all() const { return processes_; }

 private:
  static FixedProcess start() {
    FixedProcess process;
    process.pid = fork_into(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER);
    if (process.pid < 0) die("a fixed process");
    if (process.pid == 0) {
      for (;;)
        ::pause();
    }
    for (std::size_t i = 0; i < kFixedKinds.size(); ++i) {
      const std::string path = "/proc/" + std::to_string(process.pid) + "/ns/" + kFixedKinds[i];
      struct stat st {};
      if (::stat(path.c_str(), &st) != 0) die(path.c_str());
      process.inodes[i] = st.st_ino;
    }
    return process;
  }

  std::vector<FixedProcess> processes_;
};

// A run of nsx-ls.

struct Output {
  int status = -1;  // of exit, or -1
  std::string out;
  std::string err;
};

Output run(const std::vector<std::string>& words) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) die("pipe2");
  pid_t child = fork_into(0);
  while (child < 0 && errno == EAGAIN) {
    ::usleep(100);
    child = fork_into(0);
  }
  if (child < 0) die("fork");
  if (child == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (const std::string& word : words)
      argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    die(argv[0]);
  }
  ::close(out[1]);
  ::close(err[1]);
  Output output;
  std::array<pollfd, 2> ends{{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (::poll(ends.data(), ends.size(), kTimeout) == 0) {
      output.err += "(nothing for a minute: killed)\n";
      ::kill(child, SIGKILL);
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      std::array<char, 16384> buffer;
      const ssize_t n = ::read(ends[i].fd, buffer.data(), buffer.size());
      if (n > 0) (i == 0 ? output.out : output.err).append(buffer.data(), std::size_t(n));
      if (n == 0) ends[i].fd = -1;
    }
  }
  ::close(out[0]);
  ::close(err[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) die("waitpid");
  if (WIFEXITED(status)) output.status = WEXITSTATUS(status);
  return output;
}

// Checks. Each returns an error text, or an empty one.

using Wrong = std::string;

/// A row of a list or tree, whatever its form. -1: the cell is empty.
struct Row {
  std::int64_t ns = 0;
  std::string type;
  std::int64_t nprocs = -1;
  std::int64_t pid = -1;
  std::string held_by;
  std::int64_t threads = -1;
};

std::string in_words(const Row& row) {
  return "NS " + std::to_string(row.ns) + " TYPE " + row.type + " NPROCS " +
         std::to_string(row.nprocs) + " PID " + std::to_string(row.pid);
}

/// Each row by itself, and against the others: a process is in one namespace of a kind.
Wrong torn(const std::vector<Row>& rows, const FixedSet& fixed) {
  std::set<std::pair<std::int64_t, std::string>> namespaces;
  std::set<std::pair<std::int64_t, std::string>> processes;
  for (const Row& row : rows) {
    if (row.ns <= 0 || row.type.empty() || row.nprocs < 0) return "not a row: " + in_words(row);
    if ((row.nprocs > 0) != (row.pid > 0)) return "a torn row: " + in_words(row);
    const std::string processes_hold_it = std::to_string(row.nprocs) + " process";
    if (row.nprocs > 0 && !row.held_by.empty() && !row.held_by.starts_with(processes_hold_it)) {
      return "held by " + row.held_by + ": " + in_words(row);
    }
    if (row.threads >= 0 && row.threads < row.nprocs) {
      return std::to_string(row.threads) + " threads: " + in_words(row);
    }
    if (!namespaces.emplace(row.ns, row.type).second) return "twice: " + in_words(row);
    if (row.pid < 0) continue;
    if (!processes.emplace(row.pid, row.type).second) {
      return "a process in two of a kind: " + in_words(row);
    }
    for (const FixedProcess& process : fixed.all()) {
      const ino_t inode = process.in(row.type);
      if (process.pid == row.pid && inode != 0 && inode != static_cast<ino_t>(row.ns)) {
        return "a PID of another namespace: " + in_words(row);
      }
    }
  }
  return {};
}

/// Whether one process holds a fixed namespace; a user namespace may also own others.
bool by_one_process(const std::string& holders) {
  return holders == "1 process" || holders.starts_with("1 process, ");
}

/// The rows of all fixed processes, or of one, for these kinds.
Wrong missing(const std::vector<Row>& rows, const std::vector<FixedProcess>& wanted,
              const std::vector<std::string_view>& kinds) {
  for (const FixedProcess& process : wanted) {
    for (const std::string_view kind : kinds) {
      const auto inode = static_cast<std::int64_t>(process.in(kind));
      const Row want{inode, std::string(kind), 1, process.pid, {}, -1};
      const Row* found = nullptr;
      for (const Row& row : rows) {
        if (row.ns == want.ns && row.type == want.type) found = &row;
      }
      if (found == nullptr) return "missing: " + in_words(want);
      if (found->nprocs != 1 || found->pid != want.pid) {
        return "not as it is: " + in_words(*found) + ", but " + in_words(want);
      }
      if (!found->held_by.empty() && !by_one_process(found->held_by)) {
        return "held by " + found->held_by + ": " + in_words(*found);
      }
    }
  }
  return {};
}

std::int64_t number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : -1;
}

/// The holders of a row, in the words of the column, which differ from those of the list.
std::string holders_of(const Json& object) {
  const auto found = object.find("held_by");
  if (found == object.end()) return {};
  std::string text;
  for (const Json& holder : *found) {
    if (!text.empty()) text += ", ";
    text += std::to_string(number_of(holder, "count"));
    text += ' ';
    text += holder.value("type", std::string());
  }
  return text;
}

void add_json_rows(const Json& list, std::vector<Row>& rows) {
  for (const Json& object : list) {
    rows.push_back({number_of(object, "ns"), object.value("type", std::string()),
                    number_of(object, "nprocs"), number_of(object, "pid"), holders_of(object),
                    number_of(object, "threads")});
    if (const auto below = object.find("children"); below != object.end()) {
      add_json_rows(*below, rows);
    }
  }
}

std::vector<Row> json_rows(const std::string& text) {
  std::vector<Row> rows;
  add_json_rows(Json::parse(text).at("namespaces"), rows);
  return rows;
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(by, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::int64_t number(const std::string& text) {
  return text.empty() || text.find_first_not_of("0123456789") != std::string::npos
             ? -1
             : std::stoll(text);
}

/// -n -r -o NS,TYPE,NPROCS,PID[,HELD-BY]: an empty cell leaves two adjacent spaces.
std::vector<Row> raw_rows(const std::string& text) {
  std::vector<Row> rows;
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> cells = split(line, ' ');
    cells.resize(5);
    std::string held_by = cells[4];
    for (std::size_t at = held_by.find('\\'); at != std::string::npos; at = held_by.find('\\'))
      held_by.replace(at, std::strlen("\\x20"), 1, ' ');
    rows.push_back({number(cells[0]), cells[1], number(cells[2]), number(cells[3]), held_by, -1});
  }
  return rows;
}

/// As for people, with -n: tree lines before the number, or before the command after it.
std::vector<Row> plain_rows(const std::string& text) {
  std::vector<Row> rows;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t start = line.find_first_of("0123456789");
    std::vector<std::string> words;
    for (const std::string& word :
         split(start != std::string::npos ? std::string_view(line).substr(start) : "", ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    words.resize(4);
    rows.push_back({number(words[0]), words[1], number(words[2]), number(words[3]), {}, -1});
  }
  return rows;
}

struct Context {
  const FixedSet& fixed;
  const FixedProcess& one;  // another one each run: what %P, %N, %Q in the options stand for
  const FixedProcess& another;
};

template <std::vector<Row> (*kParse)(const std::string&)>
Wrong check_list(const std::string& out, const Context& context) {
  const std::vector<Row> rows = kParse(out);
  if (Wrong wrong = torn(rows, context.fixed); !wrong.empty()) return wrong;
  return missing(rows, context.fixed.all(), {kFixedKinds.begin(), kFixedKinds.end()});
}

/// Only uts namespaces, and in a tree by owner what owns them.
Wrong check_uts(const std::string& out, const Context& context) {
  const std::vector<Row> rows = json_rows(out);
  if (Wrong wrong = torn(rows, context.fixed); !wrong.empty()) return wrong;
  return missing(rows, context.fixed.all(), {"uts"});
}

Wrong check_process(const std::string& out, const Context& context) {
  const std::vector<Row> rows = json_rows(out);
  if (Wrong wrong = torn(rows, context.fixed); !wrong.empty()) return wrong;
  std::set<std::string> kinds;
  for (const Row& row : rows)
    kinds.insert(row.type);
  if (kinds.size() != rows.size()) return "not one of each kind";
  return missing(rows, {context.one}, {kFixedKinds.begin(), kFixedKinds.end()});
}

/// The namespaces of a row of the matrix.
Wrong check_matrix_row(const Json& row, const FixedProcess& process) {
  for (const char* kind : kFixedKinds) {
    const Json& cell = row.at("namespaces").at(kind);
    if (number_of(cell, "ns") != static_cast<std::int64_t>(process.in(kind)) ||
        number_of(cell, "nprocs") != 1) {
      return "PID " + std::to_string(process.pid) + ", " + kind + ": " + cell.dump();
    }
  }
  return {};
}

Wrong check_matrix(const std::string& out, const Context& context) {
  const Json json = Json::parse(out);
  std::set<std::int64_t> seen;
  for (const Json& row : json.at("matrix")) {
    const std::int64_t pid = number_of(row, "pid");
    if (pid <= 0) return "a row without a process: " + row.dump();
    if (!seen.insert(pid).second) return "twice: PID " + std::to_string(pid);
    for (const Json& cell : row.at("namespaces")) {
      if (cell.contains("ns") && number_of(cell, "nprocs") < 1) return "torn: " + row.dump();
    }
    for (const FixedProcess& process : context.fixed.all()) {
      if (process.pid != pid) continue;
      if (Wrong wrong = check_matrix_row(row, process); !wrong.empty()) return wrong;
    }
  }
  for (const FixedProcess& process : context.fixed.all()) {
    if (!seen.contains(process.pid)) return "missing: PID " + std::to_string(process.pid);
  }
  return {};
}

Wrong check_matrix_of_one(const std::string& out, const Context& context) {
  const Json json = Json::parse(out);
  if (json.at("matrix").size() != 1) return "not one row";
  return check_matrix_row(json.at("matrix")[0], context.one);
}

/// There may be any units and containers; each of them has a process.
Wrong check_matrix_of_others(const std::string& out, const Context&) {
  const Json json = Json::parse(out);
  for (const Json& row : json.at("matrix")) {
    if (number_of(row, "pid") <= 0) return "a row without a process: " + row.dump();
  }
  return {};
}

Wrong check_compare(const std::string& out, const FixedProcess& a, const FixedProcess& b) {
  const Json json = Json::parse(out);
  std::set<std::string> kinds;
  for (const Json& row : json.at("compare").at("types")) {
    const std::string kind = row.at("type");
    kinds.insert(kind);
    const auto ns = row.at("ns").get<std::vector<std::int64_t>>();
    if (ns.size() != 2) return "not two: " + row.dump();
    if (row.at("same") != (ns[0] == ns[1])) return "torn: " + row.dump();
    if (a.in(kind) == 0) continue;  // shared with others
    if (ns[0] != static_cast<std::int64_t>(a.in(kind)) ||
        ns[1] != static_cast<std::int64_t>(b.in(kind))) {
      return "not as it is: " + row.dump();
    }
  }
  for (const char* kind : kFixedKinds) {
    if (!kinds.contains(kind)) return std::string("missing: ") + kind;
  }
  return {};
}

Wrong check_same(const std::string& out, const Context& context) {
  return check_compare(out, context.one, context.one);
}

Wrong check_different(const std::string& out, const Context& context) {
  return check_compare(out, context.one, context.another);
}

Wrong check_limits(const std::string& out, const Context&) {
  const Json json = Json::parse(out);
  std::set<std::string> kinds;
  for (const Json& row : json.at("limits")) {
    const std::string kind = row.at("type");
    kinds.insert(kind);
    for (const char* fixed : kFixedKinds) {
      if (kind == fixed && number_of(row, "used") < kFixed) return "too few: " + row.dump();
    }
    if (number_of(row, "max") < 1) return "no limit: " + row.dump();
  }
  for (const char* kind : kFixedKinds) {
    if (!kinds.contains(kind)) return std::string("missing: ") + kind;
  }
  return {};
}

Wrong check_one(const std::string& out, const Context& context) {
  const Json json = Json::parse(out);
  if (json.at("namespace").size() != 1) return "not one namespace";
  const Json& found = json.at("namespace")[0];
  if (number_of(found, "ns") != static_cast<std::int64_t>(context.one.in("uts"))) {
    return "another namespace";
  }
  if (!by_one_process(holders_of(found))) return "held by: " + holders_of(found);
  if (found.at("processes").size() != 1 ||
      number_of(found.at("processes")[0], "pid") != context.one.pid) {
    return "other processes: " + found.at("processes").dump();
  }
  return {};
}

// The views.

struct View {
  const char* name;
  /// %P and %Q: PIDs of two of the fixed processes; %N: the uts namespace of the first.
  const char* options;
  Wrong (*check)(const std::string& out, const Context& context);
  int status = 0;
};

/// Every view of nsx-ls: add new ones here.
constexpr std::array kViews{
    View{"default", "-n", check_list<plain_rows>},
    View{"list", "-l -J -o NS,TYPE,NPROCS,PID,PPID,UID,USER,PATH,PNS,ONS,ID,NSFS,NETNSID,COMMAND",
         check_list<json_rows>},
    View{"held-by", "-l -J -o +HELD-BY,THREADS,NAME,OWNER-USER", check_list<json_rows>},
    View{"everything", "-l -J --output-all", check_list<json_rows>},
    View{"sorted", "-J -T --sort=AGE,NS --reverse", check_list<json_rows>},
    View{"user", "-l -J --user root", check_list<json_rows>},
    View{"raw", "-l -r -n -o NS,TYPE,NPROCS,PID,HELD-BY", check_list<raw_rows>},
    View{"all-sources", "-l -J --sources=all", check_list<json_rows>},
    View{"processes-only", "-l -J --sources=process", check_list<json_rows>},
    View{"filter", "-l -J -Q TYPE=='uts'&&NPROCS>0", check_uts},
    View{"owner", "--tree=owner -J", check_list<json_rows>},
    View{"owner-plain", "-T -n", check_list<plain_rows>},
    View{"owner-uts", "--tree=owner -t uts -J", check_uts},
    View{"parent", "--tree=parent -J -o +PNS,ONS", check_list<json_rows>},
    View{"process", "--tree=process -J -o +HELD-BY", check_list<json_rows>},
    View{"task", "-J -p %P -o +HELD-BY", check_process},
    View{"one", "-J %N", check_one},
    View{"matrix", "--matrix -J", check_matrix},
    View{"matrix-all", "--matrix --all -J", check_matrix},
    View{"matrix-one", "--matrix -J -p %P", check_matrix_of_one},
    View{"matrix-units", "--matrix=unit --all -J", check_matrix_of_others},
    View{"matrix-containers", "--matrix=container -J", check_matrix_of_others},
    View{"same", "--compare -J %P %P", check_same},
    View{"different", "--compare -J %P %Q", check_different, 1},
    View{"limits", "--limits -J", check_limits},
};

std::vector<std::string> command_of(const View& view, const Context& context) {
  std::vector<std::string> words = split(view.options, ' ');
  words.insert(words.begin(), "nsx-ls");
  for (std::string& word : words) {
    if (word == "%P") word = std::to_string(context.one.pid);
    if (word == "%Q") word = std::to_string(context.another.pid);
    if (word == "%N") word = std::to_string(context.one.in("uts"));
  }
  return words;
}

/// Runs a view once; `silence` is its permitted stderr. Reports an error and returns false if any.
bool try_view(const View& view, const FixedSet& fixed, int round, const std::string* silence,
              std::string* said) {
  const auto at = static_cast<std::size_t>(round);
  const Context context{fixed, fixed[at % kFixed], fixed[(at + 1) % kFixed]};
  const std::vector<std::string> words = command_of(view, context);
  const Output output = run(words);
  Wrong wrong;
  if (output.status != view.status) {
    wrong = "exit status " + std::to_string(output.status);
  } else if (silence != nullptr && output.err != *silence) {
    wrong = "another message than before the storm, which was: " + *silence;
  } else {
    try {
      wrong = view.check(output.out, context);
    } catch (const Json::exception& e) {
      wrong = e.what();
    }
  }
  if (said != nullptr) *said = output.err;
  if (wrong.empty()) return true;
  std::printf("view %s, run %d%s: %s\ncommand:", view.name, round,
              silence == nullptr ? " before the storm" : "", wrong.c_str());
  for (const std::string& word : words)
    std::printf(" %s", word.c_str());
  std::printf("\nstderr: %s\nstdout: %.*s\n", output.err.c_str(), kShown, output.out.c_str());
  if (output.out.size() > kShown) std::printf("... %zu bytes in all\n", output.out.size());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool yields = argc > 1 && std::strcmp(argv[1], "--yield") == 0;
  if (yields) {
    --argc;
    ++argv;
  }
  const int runs = argc > 1 ? std::atoi(argv[1]) : 0;
  const char* only = argc > 3 ? argv[3] : nullptr;
  if (argc < 3 || runs < 1) {
    std::fprintf(stderr, "usage: ls-storm [--yield] RUNS FILE [VIEW]\n");
    return 2;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const FixedSet fixed;

  // First without a storm: errors there are not caused by it.
  std::vector<const View*> views;
  std::vector<std::string> said;
  for (const View& view : kViews) {
    if (only != nullptr && std::strcmp(only, view.name) != 0) continue;
    views.push_back(&view);
    if (!try_view(view, fixed, 0, nullptr, &said.emplace_back())) return 1;
  }
  const Storm storm(argv[2], yields);
  for (int round = 0; round < runs; ++round) {
    for (std::size_t i = 0; i < views.size(); ++i) {
      if (!try_view(*views[i], fixed, round, &said[i], nullptr)) return 1;
    }
  }
  std::printf("%d runs of %zu views; %ju processes, %ju threads, %ju namespaces came and went\n",
              runs, views.size(), static_cast<std::uintmax_t>(storm.tally().processes),
              static_cast<std::uintmax_t>(storm.tally().threads),
              static_cast<std::uintmax_t>(storm.tally().namespaces));
  return 0;
}
