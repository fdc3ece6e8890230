// SPDX-License-Identifier: MIT
#include "discovery/cgroup_names.hh"

#include "support.hh"

namespace nsx {
namespace {

const std::string kId = "3f29b6c1d0e84a57b2c9e1f40a6d83b5c7e2f1a09d8b4c6e5f3a2b1c0d9e8f7a";

/// The names that a path claims, without access to it.
std::optional<std::string> claimed_unit(std::string_view path) {
  const auto unit = place_of_path(NameJudge(newest_kernel()), -1, path).unit;
  if (!unit) return std::nullopt;
  EXPECT_FALSE(unit->is_trusted);
  return unit->name;
}

std::optional<ContainerName> claimed_container(std::string_view path) {
  std::optional<ContainerName> container;
  follow_path(NameJudge(newest_kernel()), -1, path, [&](const NamedCgroup& cgroup) {
    if (!container) container = cgroup.container;
  });
  return container;
}

struct ContainerCase {
  std::string path;
  std::string runtime;
  std::string name;
};

TEST(ContainerInCgroup, KnowsTheNamesThatRuntimesGive) {
  const std::string pod =
      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod4d1c.slice";
  const ContainerCase cases[] = {
      {"/system.slice/docker-" + kId + ".scope", "docker", kId},
      {"/docker/" + kId, "docker", kId},
      {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + kId + ".scope",
       "docker", kId},
      {pod + "/cri-containerd-" + kId + ".scope", "containerd", kId},
      {"/system.slice/nerdctl-" + kId + ".scope", "containerd", kId},
      {pod + "/crio-" + kId + ".scope", "CRI-O", kId},
      {pod + "/crio-" + kId + ".scope/container", "CRI-O", kId},
      {"/kubepods/besteffort/pod4d1c/crio-" + kId, "CRI-O", kId},
      {"/machine.slice/libpod-" + kId + ".scope", "podman", kId},
      {"/machine.slice/libpod-" + kId + ".scope/container", "podman", kId},
      {"/libpod_parent/libpod-" + kId, "podman", kId},
      {"/kubepods/burstable/pod4d1c/" + kId, "container", kId},
      {"/system.slice/containerd.service/kubepods-pod4d1c.slice:cri-containerd:" + kId,
       "containerd", kId},
      {"/lxc.payload.web", "LXC", "web"},
      {"/lxc.payload.web/system.slice/cron.service", "LXC", "web"},
      {"/lxc.payload/web", "LXC", "web"},
      {"/lxc/web/init.scope", "LXC", "web"},
      {"/machine.slice/machine-web.scope", "systemd-nspawn", "web"},
      {"/machine.slice/machine-a\\x2db\\x40.scope/payload/init.scope", "systemd-nspawn", "a-b@"},
      {"/machine.slice/systemd-nspawn@deb\\x2d12.service/payload", "systemd-nspawn", "deb-12"},
      {"/libpod_parent/" + std::string(64, 'a') + "/libpod-" + kId, "podman", kId},
      // The outermost: a nested one is named by that.
      {"/system.slice/docker-" + kId + ".scope/docker/" + std::string(64, 'a'), "docker", kId},
      {"/lxc.payload.outer/lxc.payload.inner/x", "LXC", "outer"},
  };
  for (const auto& c : cases) {
    const auto found = claimed_container(c.path);
    ASSERT_TRUE(found) << c.path;
    EXPECT_EQ(found->runtime, c.runtime) << c.path;
    EXPECT_EQ(found->name, c.name) << c.path;
  }
}

TEST(ContainerInCgroup, IsNoneElsewhere) {
  for (const std::string& path : {
           std::string(),
           std::string("/"),
           std::string("/system.slice/cron.service"),
           std::string("/system.slice/docker.service"),
           std::string("/docker"),
           std::string("/docker/buildx"),
           std::string("/lxc.monitor.web"),
           std::string("/lxc"),
           std::string("/lxc.payload."),
           // The process that runs a container is not in it.
           "/machine.slice/libpod-conmon-" + kId + ".scope",
           "/crio-conmon-" + kId + ".scope",
           std::string("/machine.slice/machine-web.scope/supervisor"),
           std::string("/machine.slice/systemd-nspawn@web.service/supervisor"),
           std::string("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
           "/docker/" + kId.substr(1),
           "/docker/" + kId + "0",
           "/docker/" + std::string(64, 'g'),
           "/docker/" + std::string(64, 'A'),
       }) {
    EXPECT_FALSE(claimed_container(path)) << path;
  }
}

TEST(UnitInCgroup, IsTheOutermostServiceOrScope) {
  const struct {
    const char* path;
    const char* unit;
  } cases[] = {
      {"/system.slice/cron.service", "cron.service"},
      {"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.scope",
       "user@1000.service"},
      {"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
      {"/init.scope", "init.scope"},
      {"/system.slice/docker.service/delegated/x", "docker.service"},
      {"/system.slice/_cpu.service", "cpu.service"},
      {"/system.slice/__x.service", "_x.service"},
      {"/system.slice/dev-disk\\x2dby.service", "dev-disk\\x2dby.service"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(claimed_unit(c.path), c.unit) << c.path;
  }
  for (const char* path :
       {"", "/", "/system.slice", "/docker/abc", "/.service", "/a/.scope", "/_.scope"}) {
    EXPECT_FALSE(claimed_unit(path)) << path;
  }
}

}  // namespace
}  // namespace nsx
