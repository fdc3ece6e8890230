// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>

#include "fake_machine.hh"
#include "target/container_record.hh"

namespace nsx {
namespace {

// The IDs in tests/data/runtimes.
const std::string kWeb = "9371cf599d9c82137822dd5e2c8f26940db36f224bae3a1c3628306df1b39476";
const std::string kDb = "ea34ce586a0ec7bff9eddd73f20efac3b6472abf9173d37998940e2cd833ebe3";
const std::string kPod = "1e899033528eec463832cac924dc2200c7997ab1591ac0397265c34bf6f33f7e";
const std::string kNginx = "cb4bdbda42251f60864ee821acd0b193b578788c30dfdc42bc5a12b7c93e6550";
const std::string kShipper = "f71d7f849dde835e2e1a0a3e6713efded59772a49abc25b0f36422324ae07f31";
const std::string kCache = "5cabaa953bd37c3e357e779bb82aa195eda3b2afa2bdd19594a7162c4f7497be";
const std::string kBlog = "0190d7b43e55400abbc27e5d577f8853144ce81b0b034579801641527590247a";
const std::string kOnce = "09b5b2c638e9f1a7160ad84b18b267781d83c82ccb84bfc85f2157fb7804764f";
const std::string kCrioPod = "f92ba6d2a37354b83b6ca00c4569c5367ee1d42ff2edfa6c8b7b8a3690d71671";
const std::string kServer = "1473e861850f573c691a83fc85271822bbe6e5f20df18437b10cbb5b182dcbc3";

std::string docker_cgroup(const std::string& id) {
  return "/system.slice/docker-" + id + ".scope";
}

FakeMachine& with_docker(FakeMachine& machine) {
  machine.add_state("docker");
  machine.add(4021, 18273, docker_cgroup(kWeb));
  machine.add(4022, 18274, docker_cgroup(kWeb), 4021);
  machine.add(4100, 18999, docker_cgroup(kDb));
  return machine;
}

TEST(Containers, OfDockerAreFoundByNameAndId) {
  FakeMachine machine;
  with_docker(machine);
  for (const std::string& name :
       {std::string("web"), kWeb, kWeb.substr(0, 12), kWeb.substr(0, 1)}) {
    EXPECT_EQ(machine.resolved("container:" + name), "container web (PID 4021)") << name;
  }
  EXPECT_EQ(machine.resolved("web"), "container web (PID 4021)");
  EXPECT_EQ(machine.resolved("container:db"), "container db (PID 4100)");
  EXPECT_EQ(machine.resolved("container:old"),
            "cannot enter container:old: it is not running: docker has recorded no process");
  EXPECT_EQ(machine.resolved("container:we"),
            "no container named 'we' (did you mean 'container:web'?)");
  // As docker(1) and other commands write it.
  for (const char* name : {"docker:web", "podman:web", "/web"})
    EXPECT_EQ(machine.resolved(name), "container web (PID 4021)") << name;
}

TEST(Containers, OfDockerWithAnotherDataDirectory) {
  FakeMachine machine;
  with_docker(machine);
  std::filesystem::create_directories(machine.root() + "/srv");
  std::filesystem::rename(machine.root() + "/var/lib/docker", machine.root() + "/srv/docker");
  machine.write("etc/docker/daemon.json", R"({"data-root": "/srv/docker"})");
  EXPECT_EQ(machine.resolved("container:db"), "container db (PID 4100)");
}

TEST(Containers, OfDockerWithMappedUsers) {
  FakeMachine machine;
  with_docker(machine);
  const std::string data = machine.root() + "/var/lib/docker";
  std::filesystem::create_directories(data + "/100000.100000");
  std::filesystem::rename(data + "/containers", data + "/100000.100000/containers");
  EXPECT_EQ(machine.resolved("container:web"), "container web (PID 4021)");
  // Other directories of docker have other names.
  std::filesystem::rename(data + "/100000.100000", data + "/100000");
  EXPECT_EQ(machine.resolved("container:web").find("container web (PID"), std::string::npos);
}

TEST(Containers, OfADockerdWithAnotherDataDirectoryOnItsCommandLine) {
  using std::string_literals::operator""s;
  for (const std::string& arguments :
       {"dockerd\0--data-root=/srv/docker\0-H\0unix:///x\0"s,
        "dockerd\0-D\0--data-root\0/srv/docker\0"s, "dockerd\0-g\0/srv/docker\0"s,
        "dockerd\0--config-file\0/srv/daemon.json\0"s}) {
    FakeMachine machine;
    with_docker(machine);
    std::filesystem::create_directories(machine.root() + "/srv");
    std::filesystem::rename(machine.root() + "/var/lib/docker", machine.root() + "/srv/docker");
    machine.write("srv/daemon.json", R"({"data-root": "/srv/docker"})");
    machine.write("proc/77/comm", "dockerd\n");
    machine.write("proc/77/cmdline", arguments);
    std::filesystem::create_directories(machine.root() + "/proc/77/ns");
    const std::string ns = machine.root() + "/proc/77/ns/mnt";
    std::filesystem::create_symlink(std::filesystem::read_symlink("/proc/self/ns/mnt"), ns);
    EXPECT_EQ(machine.resolved("container:db"), "container db (PID 4100)") << arguments;
    if (::geteuid() != 0) continue;
    // One in another mount namespace means another directory, which may belong to any user.
    std::filesystem::remove(ns);
    std::filesystem::create_symlink("mnt:[1]", ns);
    EXPECT_EQ(machine.resolved("container:db"), "no container named 'db'");
  }
}

TEST(Containers, ArgumentsOfDocker) {
  using std::string_literals::operator""s;
  EXPECT_EQ(parse_docker_arguments(""), DockerArguments());
  EXPECT_EQ(parse_docker_arguments("dockerd\0--data-root"s), DockerArguments());
  EXPECT_EQ(parse_docker_arguments("dockerd\0--data-rooted=/x\0"s), DockerArguments());
  EXPECT_EQ(parse_docker_arguments("dockerd\0--data-root=/a\0--data-root\0/b\0"s),
            (DockerArguments{.data_root = "/b", .config_file = ""}));
}

TEST(Containers, WhoseProcessEndedAreNotRunning) {
  FakeMachine machine;
  with_docker(machine);
  machine.remove(4021);
  machine.remove(4022);
  EXPECT_EQ(machine.resolved("container:web"),
            "cannot enter container:web: it is not running: docker recorded PID 4021, which has "
            "exited");
  // A zombie has nothing left to enter.
  machine.add(4100, 18999, docker_cgroup(kDb), 1, 'Z');
  EXPECT_EQ(machine.resolved("container:db"),
            "cannot enter container:db: it is not running: docker recorded PID 4100, which has "
            "exited");
}

TEST(Containers, WhosePidIsAnothersAreNotRunning) {
  FakeMachine machine;
  with_docker(machine);
  machine.remove(4022);
  // runc has recorded the start of the process of "web", so even its own cgroup proves nothing.
  machine.add(4021, 18274, "/system.slice/cron.service");
  EXPECT_EQ(machine.resolved("container:web"),
            "cannot enter container:web: it is not running: docker recorded PID 4021, which is "
            "another process now");
  // Of "db" there is only the cgroup; one that merely holds its ID somewhere is not it.
  for (const std::string& cgroup : {std::string("/"), std::string("/system.slice/cron.service"),
                                    docker_cgroup(kWeb), "/user.slice/x" + kDb, "/" + kDb + "x"}) {
    machine.add(4100, 18999, cgroup);
    EXPECT_NE(machine.resolved("container:db"), "container db (PID 4100)") << cgroup;
  }
  machine.add(4100, 18999, "/docker/" + kDb + "/init.scope");
  EXPECT_EQ(machine.resolved("container:db"), "container db (PID 4100)");
}

TEST(Containers, OfHybridMachinesAreKnownByAnyHierarchy) {
  FakeMachine machine;
  with_docker(machine);
  machine.set_cgroup(4100, "4:memory:/docker/" + kDb + "\n1:name=systemd:/\n0::/\n");
  EXPECT_EQ(
      machine.resolved("container:db"),
      "cannot enter container:db: docker recorded PID 4100, which is in an untrusted cgroup of "
      "this name\nhint: if that is the right process, use its PID as the target: 4100");
  machine.set_mountinfo("41 31 0:38 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  machine.write("sys/fs/cgroup/memory/docker/" + kDb + "/cgroup.procs", "4100\n");
  EXPECT_EQ(machine.resolved("container:db"), "container db (PID 4100)");
}

TEST(Containers, OfContainerdHaveTheNamesOfKubernetes) {
  FakeMachine machine;
  machine.add_state("containerd");
  const std::string pod =
      "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod005f082b.slice";
  machine.add(5001, 22001, pod + "/cri-containerd-" + kPod + ".scope");
  machine.add(5040, 22101, pod + "/cri-containerd-" + kNginx + ".scope");
  machine.add(5041, 22102,
              "/system.slice/containerd.service/kubepods-besteffort-pod005f082b.slice:"
              "cri-containerd:" +
                  kShipper);
  machine.add(5100, 22500, "/default/" + kCache);
  machine.add(5200, 23000, "/");

  for (const char* name : {"nginx", "web-7d4b9c/nginx", "shop/web-7d4b9c/nginx", "cb4bdb"}) {
    EXPECT_EQ(machine.resolved(std::string("container:") + name),
              "container shop/web-7d4b9c/nginx (PID 5040)");
  }
  for (const char* name : {"web-7d4b9c", "shop/web-7d4b9c"}) {
    EXPECT_EQ(machine.resolved(std::string("container:") + name),
              "container shop/web-7d4b9c (PID 5001)");
  }
  EXPECT_EQ(machine.resolved("log-shipper"), "container shop/web-7d4b9c/log-shipper (PID 5041)");
  EXPECT_EQ(machine.resolved("container:cache"), "container cache (PID 5100)");
  EXPECT_EQ(machine.resolved("container:batch-7"), "container batch-7 (PID 5200)");

  // A pod whose own process is gone stands for its containers.
  machine.remove(5001);
  EXPECT_EQ(machine.resolved("container:shop/web-7d4b9c"),
            "ambiguous name 'shop/web-7d4b9c': could be container:shop/web-7d4b9c/nginx, "
            "container:shop/web-7d4b9c/log-shipper");
  machine.remove(5041);
  EXPECT_EQ(machine.resolved("container:shop/web-7d4b9c"),
            "container shop/web-7d4b9c/nginx (PID 5040)");
}

TEST(Containers, OfPodmanHaveTheNamesOfItsStorage) {
  FakeMachine machine;
  machine.add_state("podman");
  machine.add(6001, 31001, "/machine.slice/libpod-" + kBlog + ".scope/container");
  machine.add(5998, 30990, "/machine.slice/libpod-conmon-" + kBlog + ".scope");
  machine.add(6050, 31555, "/machine.slice/libpod-" + kOnce + ".scope/container");
  EXPECT_EQ(machine.resolved("container:blog"), "container blog (PID 6001)");
  EXPECT_EQ(machine.resolved("container:once"), "container once (PID 6050)");
  EXPECT_EQ(machine.resolved("container:" + kBlog.substr(0, 4)), "container blog (PID 6001)");
  EXPECT_EQ(machine.resolved("container:gone"),
            "cannot enter container:gone: it is not running: podman or CRI-O has recorded no "
            "process");
  EXPECT_EQ(machine.resolved("container:0"),
            "ambiguous name '0': could be container:blog, container:once");
}

TEST(Containers, OfAnOrdinaryUsersPodmanAreFoundByTheirBundles) {
  FakeMachine machine;
  const std::string run = "run/user/" + std::to_string(::geteuid());
  const std::string storage = "home/alice/.local/share/containers/storage/overlay-containers/";
  machine.write(storage + "containers.json", R"([{"id":")" + kBlog + R"(","names":["diary"]}])");
  machine.write(
      run + "/crun/" + kBlog + "/status",
      R"({"pid":6001,"process-start-time":31001,"bundle":"/)" + storage + kBlog + R"(/userdata"})");
  machine.add(6001, 31001, "/user.slice/user-1000.slice/x.scope");
  EXPECT_EQ(machine.resolved("container:diary"), "container diary (PID 6001)");
}

/// A machine with a container of the caller's own podman, whose state is in /srv/own.
class OwnEngine {
 public:
  OwnEngine() {
    const std::string storage = "srv/data/containers/storage/";
    machine_.write(storage + "overlay-containers/containers.json",
                   R"([{"id":")" + kBlog + R"(","names":["diary"]}])");
    machine_.write("srv/own/crun/" + kBlog + "/status",
                   R"({"pid":6001,"process-start-time":31001,"bundle":"/x"})");
    machine_.write("srv/data/docker/containers/" + kWeb + "/config.v2.json",
                   R"({"Name":"/shop","State":{"Running":true,"Pid":6002}})");
    machine_.write("srv/own/docker/runtime-runc/moby/" + kWeb + "/state.json",
                   R"({"init_process_pid":6002,"init_process_start":31002})");
    machine_.add(6001, 31001, "/user.slice/user-1000.slice/x.scope");
    machine_.add(6002, 31002, "/user.slice/user-1000.slice/y.scope");
  }

  std::string resolved(const std::string& name, const std::string& runtime = "/srv/own") const {
    const TargetOptions options{machine_.root(), runtime, "/srv/data"};
    auto target = resolve_target(machine_.kernel(), "container:" + name, options);
    return target ? target->name : failure(target);
  }
  std::string path(const std::string& below) const { return machine_.root() + below; }

 private:
  FakeMachine machine_;
};

TEST(Containers, OfOwnEnginesAreFoundWhereTheEnvironmentSays) {
  const OwnEngine own;
  EXPECT_EQ(own.resolved("diary"), "container diary (PID 6001)");
  EXPECT_EQ(own.resolved("shop"), "container shop (PID 6002)");
}

TEST(Containers, OfDirectoriesThatOthersCanChangeAreNotSearched) {
  const OwnEngine own;
  // Its storage has the name, and nothing shows that it runs.
  const std::string stopped =
      "cannot enter container:diary: it is not running: podman or CRI-O has recorded no process";
  ASSERT_EQ(::chmod(own.path("/srv/own").c_str(), 0777), 0);
  EXPECT_EQ(own.resolved("diary"), stopped);
  ASSERT_EQ(::chmod(own.path("/srv/own").c_str(), 0755), 0);
  std::filesystem::create_symlink(own.path("/srv/own"), own.path("/srv/link"));
  EXPECT_EQ(own.resolved("diary", "/srv/link"), stopped);
  EXPECT_EQ(own.resolved("diary", "srv/own"), stopped);
  EXPECT_EQ(own.resolved("diary", ""), stopped);
  EXPECT_EQ(own.resolved("diary"), "container diary (PID 6001)");
  if (::geteuid() != 0) return;
  ASSERT_EQ(::chown(own.path("/srv/own").c_str(), 4242, 4242), 0);
  EXPECT_EQ(own.resolved("diary"), stopped);
}

TEST(Containers, OfOtherUsersAreNotSearchedAndThatIsSaid) {
  FakeMachine machine;
  EXPECT_EQ(machine.resolved("container:diary"), "no container named 'diary'");
  const std::string own = std::to_string(::geteuid());
  machine.write("run/user/" + own + "/containers/x", "");
  machine.write("run/user/4241/pulse/x", "");
  machine.write("run/user/4242/crun/" + kBlog + "/status",
                R"({"pid":6001,"process-start-time":31001,"bundle":"/x"})");
  machine.add(6001, 31001, "/user.slice/user-4242.slice/x.scope");
  EXPECT_EQ(machine.resolved("container:diary"),
            "no container named 'diary'\nhint: for a container of another user (UID 4242), use its "
            "PID or its container ID");
  EXPECT_TRUE(machine.resolved("diary").ends_with(
      "\nhint: for a container of another user (UID 4242), use its PID or its container ID"));
}

TEST(Containers, OfCrioHaveTheNamesOfKubernetes) {
  FakeMachine machine;
  machine.add_state("cri-o");
  const std::string pod = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podd1.slice";
  machine.add(7001, 41001, pod + "/crio-" + kCrioPod + ".scope");
  machine.add(7020, 41022, pod + "/crio-" + kServer + ".scope/container");
  EXPECT_EQ(machine.resolved("container:prod/api-0/server"),
            "container prod/api-0/server (PID 7020)");
  EXPECT_EQ(machine.resolved("server"), "container prod/api-0/server (PID 7020)");
  EXPECT_EQ(
      machine.resolved("container:k8s_server_api-0_prod_d1c0ffee-0000-4000-8000-000000000001_0"),
      "container prod/api-0/server (PID 7020)");
  EXPECT_EQ(machine.resolved("container:api-0"), "container prod/api-0 (PID 7001)");
  EXPECT_EQ(machine.resolved("container:migrate"),
            "cannot enter container:prod/api-0/migrate: it is not running: CRI-O has recorded no "
            "process");
  machine.add(7020, 41023, pod + "/crio-" + kServer + ".scope/container");
  machine.remove(7001);
  EXPECT_EQ(machine.resolved("container:server"),
            "cannot enter container:prod/api-0/server: it is not running: CRI-O recorded PID 7020, "
            "which is another process now");
}

TEST(Containers, OfRuncAndCrunAloneAreKnownByTheirStart) {
  FakeMachine machine;
  machine.add_state("runc");
  machine.add_state("crun");
  machine.add(9001, 61001, "/");
  machine.add(8001, 51001, "/busybox1");
  EXPECT_EQ(machine.resolved("container:build-42"), "container build-42 (PID 9001)");
  EXPECT_EQ(machine.resolved("busybox1"), "container busybox1 (PID 8001)");
  EXPECT_EQ(machine.resolved("container:build"), "no container named 'build'");
}

TEST(Containers, OfNspawnAreMachinesButNotVirtualOnes) {
  FakeMachine machine;
  machine.add_state("nspawn");
  machine.add(10000, 71000, "/machine.slice/systemd-nspawn@deb\\x2d12.service/supervisor");
  machine.add(10001, 71001, "/machine.slice/systemd-nspawn@deb\\x2d12.service/payload/init.scope");
  machine.add(10050, 71050, "/machine.slice/machine-shell.scope/payload");
  machine.add(10100, 71100, "/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt/emulator");
  EXPECT_EQ(machine.resolved("container:deb-12"), "container deb-12 (PID 10001)");
  EXPECT_EQ(machine.resolved("container:shell"), "container shell (PID 10050)");
  EXPECT_EQ(machine.resolved("container:win"), "no container named 'win'");
  machine.add(10050, 71051, "/machine.slice/machine-other.scope/payload");
  EXPECT_EQ(machine.resolved("container:shell"),
            "cannot enter container:shell: it is not running: systemd-nspawn recorded PID 10050, "
            "which is another process now");
}

TEST(Containers, WithoutStateAreFoundByTheCgroupsOfProcesses) {
  FakeMachine machine;
  machine.add(200, 900, docker_cgroup(kWeb));
  machine.add(300, 800, docker_cgroup(kWeb));  // the PIDs began anew
  machine.add(301, 800, docker_cgroup(kWeb), 300);
  machine.add(299, 800, docker_cgroup(kWeb), 300);
  machine.add(298, 700, docker_cgroup(kWeb), 1, 'Z');
  machine.add(400, 100, "/lxc.monitor.mail");
  machine.add(401, 200, "/lxc.payload.mail/init.scope");
  machine.add(402, 300, "/lxc.payload.mail/system.slice/cron.service", 401);
  EXPECT_EQ(machine.resolved("container:9371"), "container " + kWeb + " (PID 300)");
  EXPECT_EQ(machine.resolved(kWeb), "container " + kWeb + " (PID 300)");
  EXPECT_EQ(machine.resolved("container:mail"), "container mail (PID 401)");
  EXPECT_EQ(machine.resolved("container:mai"),
            "no container named 'mai' (did you mean 'container:mail'?)");
  EXPECT_EQ(machine.resolved("container:printer"), "no container named 'printer'");
  EXPECT_EQ(machine.resolved("container:"), "the container name is empty");
}

TEST(Containers, OfTheSameProcessAreOne) {
  FakeMachine machine;
  with_docker(machine);
  machine.write("run/runc/web/state.json",
                R"({"init_process_pid":4021,"init_process_start":18273})");
  EXPECT_EQ(machine.resolved("container:web"), "container web (PID 4021)");
  machine.write("run/runc/web/state.json",
                R"({"init_process_pid":4100,"init_process_start":18999})");
  EXPECT_EQ(machine.resolved("container:web"),
            "ambiguous name 'web': could be container:web (PID 4021), container:web (PID 4100)");
}

TEST(Containers, AreListedWithTheirProcesses) {
  FakeMachine machine;
  with_docker(machine);
  machine.add_state("podman");
  machine.add(6001, 31001, "/machine.slice/libpod-" + kBlog + ".scope/container");
  machine.add(401, 200, "/lxc.payload.mail/init.scope");
  auto listed = machine.listed();
  std::erase_if(listed, [](const std::string& each) { return !each.starts_with("container:"); });
  EXPECT_EQ(listed, (std::vector<std::string>{
                        "container:blog (podman, PID 6001)", "container:db (docker, PID 4100)",
                        "container:mail (LXC, PID 401)", "container:web (docker, PID 4021)"}));
  EXPECT_EQ(machine.cgroup_of_listed("blog"), "/machine.slice/libpod-" + kBlog + ".scope");
  EXPECT_EQ(machine.cgroup_of_listed("mail"), "/lxc.payload.mail");
}

TEST(Containers, ThatAreRecordedAsEndedAreNotLookedForElsewhere) {
  FakeMachine machine;
  with_docker(machine);
  machine.add(50, 60, "/lxc.payload.old");
  machine.add(51, 61, "/lxc.payload.new");
  EXPECT_EQ(machine.resolved("container:old"),
            "cannot enter container:old: it is not running: docker has recorded no process");
  EXPECT_EQ(machine.resolved("container:new"), "container new (PID 51)");
}

TEST(Containers, OfOneNameInTwoCgroupsAreNotChosen) {
  FakeMachine machine;
  machine.add(50, 60, "/lxc.payload.web");
  machine.add(51, 50, "/machine.slice/machine-web.scope/payload");
  machine.add(52, 40, "/machine.slice/machine-web.scope/supervisor");
  EXPECT_EQ(machine.resolved("container:web"),
            "ambiguous name 'web': could be cgroup:/lxc.payload.web, "
            "cgroup:/machine.slice/machine-web.scope");
  machine.remove(50);
  EXPECT_EQ(machine.resolved("container:web"), "container web (PID 51)");
}

TEST(Containers, AreNotNamedByStateOfOtherUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make another's file";
  FakeMachine machine;
  with_docker(machine);
  machine.write("run/crun/mine/status", R"({"pid":4021,"process-start-time":18273})");
  EXPECT_EQ(machine.resolved("container:mine"), "container mine (PID 4021)");
  const std::string file = machine.root() + "/run/crun/mine/status";
  ASSERT_EQ(::chown(file.c_str(), 1000, 1000), 0);
  EXPECT_EQ(machine.resolved("container:mine"), "cannot read " + file + ": it belongs to UID 1000");
}

// --- Invalid state -------------------------------------------------------------------------------

TEST(ContainerState, TakesNothingFromWhatMakesNoSense) {
  const std::string deep(100'000, '[');
  for (const std::string& text : {
           std::string(),
           std::string("{"),
           std::string("null"),
           std::string("[]"),
           std::string("42"),
           std::string("\"x\""),
           std::string("{}"),
           std::string("{\"a\":1}x"),
           std::string("\0", 1),
           std::string("{\"pid\":1,}"),
           std::string("{\"\xff\":1}"),
           std::string("{\"pid\":1,\"status\":\"\xc3\"}"),
           deep,
           "{\"State\":" + deep,
           "{\"a\":" + deep + std::string(100'000, ']') + "}",
           std::string("\xef\xbb\xbf"),
           std::string("{'pid':1}"),
           std::string("{\"pid\":1e}"),
       }) {
    EXPECT_FALSE(parse_docker_config(text)) << text.substr(0, 40);
    EXPECT_FALSE(parse_runc_state(text)) << text.substr(0, 40);
    EXPECT_FALSE(parse_crun_status(text)) << text.substr(0, 40);
    EXPECT_FALSE(parse_crio_state(text)) << text.substr(0, 40);
    EXPECT_EQ(parse_docker_data_root(text), "") << text.substr(0, 40);
  }
}

TEST(ContainerState, TakesAMemberOfAWrongTypeForNone) {
  for (const char* pid : {"\"42\"", "-42", "42.0", "4.2e1", "null", "true", "[42]", "{\"a\":42}",
                          "99999999999", "18446744073709551615", "18446744073709551616", "1e400"}) {
    const std::string text = pid;
    EXPECT_EQ(parse_crun_status("{\"pid\":" + text + "}").value_or(ContainerRecord{}).pid, 0)
        << pid;
    EXPECT_EQ(
        parse_runc_state("{\"init_process_pid\":" + text + "}").value_or(ContainerRecord{}).pid, 0)
        << pid;
    EXPECT_EQ(parse_docker_config("{\"State\":{\"Running\":true,\"Pid\":" + text + "}}")
                  .value_or(ContainerRecord{})
                  .pid,
              0)
        << pid;
  }
  EXPECT_EQ(parse_docker_config(R"({"State":{"Running":"true","Pid":42}})")->pid, 0);
  EXPECT_EQ(parse_docker_config(R"({"State":[],"Name":["web"]})")->names,
            std::vector<std::string>());
  EXPECT_EQ(parse_docker_config(R"({"State":{},"Name":"\u0000web"})")->names,
            std::vector<std::string>());
  EXPECT_EQ(parse_crio_state(R"({"status":{},"initPid":5,"initStartTime":7})")->start_time, 0U);
  EXPECT_EQ(
      parse_crio_state(R"({"status":"running","initPid":5,"initStartTime":"7x"})")->start_time, 0U);
  EXPECT_EQ(*parse_bundle_names(R"({"annotations":["nerdctl/name"]})"), std::vector<std::string>());
  EXPECT_EQ(*parse_bundle_names(R"({"annotations":{"nerdctl/name":7}})"),
            std::vector<std::string>());
  EXPECT_TRUE(parse_storage_list(R"([7,"x",{"id":7},{"names":["a"]},null])")->empty());
  EXPECT_EQ(parse_storage_list(R"([{"id":"a","names":"b"}])")->at(0).names,
            std::vector<std::string>());
  EXPECT_EQ(
      parse_runc_state(R"({"init_process_pid":5,"config":{"labels":{"bundle":"x"}}})")->bundle, "");
}

TEST(ContainerState, KnowsTheLabelsOfRunc) {
  const auto record = parse_runc_state(
      R"({"init_process_pid":5,"config":{"labels":["x", "nerdctl/name=cache", "bundle=/b=c"]}})");
  EXPECT_EQ(record->bundle, "/b=c");
  EXPECT_EQ(record->names, std::vector<std::string>{"cache"});
}

TEST(Containers, WithDamagedStateAreReported) {
  FakeMachine machine;
  with_docker(machine);
  const std::string file = "run/runc/broken/state.json";
  machine.write(file, "{\"init_process_pid\":");
  EXPECT_EQ(machine.resolved("container:broken"),
            "cannot read " + machine.root() + "/" + file + ": it is not the state of a container");
  // The others are found all the same, and who looks for nothing of that name hears of it.
  EXPECT_EQ(machine.resolved("container:web"), "container web (PID 4021)");
  EXPECT_EQ(machine.resolved("container:brok"),
            "no container named 'brok': cannot read " + machine.root() + "/" + file);
}

TEST(Containers, AreNotWaitedForNorFollowed) {
  FakeMachine machine;
  with_docker(machine);
  const auto state = [&](const std::string& id) {
    std::filesystem::create_directories(machine.root() + "/run/runc/" + id);
    return machine.root() + "/run/runc/" + id + "/state.json";
  };
  const std::string good = R"({"init_process_pid":4021,"init_process_start":18273})";
  const std::string fifo = state("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_directories(state("directory"));
  machine.write("elsewhere", good);
  std::filesystem::create_symlink(machine.root() + "/elsewhere", state("link"));
  std::filesystem::create_symlink("/dev/zero", state("zero"));
  write_file(state("huge"), good + std::string(5U << 20U, ' '));
  const auto why = [&](const std::string& id) {
    return "cannot read " + machine.root() + "/run/runc/" + id + "/state.json: ";
  };
  EXPECT_EQ(machine.resolved("container:fifo"), why("fifo") + "not a regular file");
  EXPECT_EQ(machine.resolved("container:directory"), why("directory") + "not a regular file");
  EXPECT_EQ(machine.resolved("container:link"), why("link") + "it is a symbolic link");
  EXPECT_EQ(machine.resolved("container:zero"), why("zero") + "it is a symbolic link");
  EXPECT_EQ(machine.resolved("container:huge"),
            why("huge") + "it is too large for the state of a container");
  // A link in place of a container's directory is passed over: it could lead round and round.
  std::filesystem::create_directory_symlink(machine.root() + "/run/runc/huge",
                                            machine.root() + "/run/runc/again");
  EXPECT_EQ(machine.resolved("container:web"), "container web (PID 4021)");
}

TEST(Containers, NamesCanHoldAnyByte) {
  FakeMachine machine;
  machine.add(42, 7, "/");
  machine.write("run/crun/\x1b[2J\xff/status", R"({"pid":42,"process-start-time":7})");
  const auto target = must(machine.resolve("container:\x1b[2J\xff"));
  EXPECT_EQ(target.name, "container \x1b[2J\xff (PID 42)");
  machine.remove(42);
  EXPECT_EQ(machine.resolved("container:\x1b[2J\xff"),
            "cannot enter container:\\x1b[2J\\xff: it is not running: crun recorded PID 42, which "
            "has exited");
}

TEST(ContainerRecords, AreReadFromNothing) {
  const TemporaryDirectory empty;
  const auto records = read_container_records(empty.path(), {}, DockerRoots::all);
  EXPECT_TRUE(records.all.empty());
  EXPECT_TRUE(records.unreadable.empty());
}

}  // namespace
}  // namespace nsx
