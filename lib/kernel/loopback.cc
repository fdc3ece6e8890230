#include <cstring>
#include <linux/if.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <nsx/net.hh>

namespace nsx {

Status bring_up_loopback() {
  constexpr const char* kSet = "set up";
  constexpr const char* kLoopback = "the interface lo";
  // Any socket will do (netdevice(7)). One of rtnetlink would keep the namespace for a few
  // milliseconds after its end, and who removes it meanwhile would have to look for a holder.
  const OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(kSet, kLoopback);

  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) return fail(kSet, kLoopback);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0) return {};
  const int code = errno;
  return fail(
      kSet, kLoopback, code,
      code == EPERM ? "needs CAP_NET_ADMIN in the user namespace that owns the net namespace" : "");
}

}  // namespace nsx
