#include "container/seccomp_listener.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/unix_socket.h"
#include "container/hooks.h"

namespace mayfly::container {

using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kNone = -1;
constexpr int kPollMs = 1;

}  // namespace

struct ListenerHandover::Shared {
  std::atomic<int> number{kNone};
  std::atomic<bool> taken{false};
};

void ListenerHandover::Unmapper::operator()(Shared* shared) const {
  ::munmap(shared, sizeof(Shared));
}

Result<ListenerHandover> ListenerHandover::Make() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    return FailErrno("mmap");
  }
  return ListenerHandover(new (memory) Shared);
}

void ListenerHandover::Offer(int listener) const {
  shared_->number.store(listener);
  while (!shared_->taken.load()) {
  }
}

Result<UniqueFd> ListenerHandover::Take(int init_pidfd, int init_socket) const {
  std::array<pollfd, 2> waiting = {pollfd{init_pidfd, POLLIN, 0}, pollfd{init_socket, POLLIN, 0}};
  while (shared_->number.load() == kNone) {
    if (::poll(waiting.data(), waiting.size(), kPollMs) > 0) {
      return UniqueFd();
    }
  }
  UniqueFd listener(
      static_cast<int>(::syscall(SYS_pidfd_getfd, init_pidfd, shared_->number.load(), 0)));
  if (!listener.valid()) {
    return FailErrno("take the seccomp listener out of the init");
  }
  shared_->taken.store(true);
  return listener;
}

Result<void> SendListener(const oci::Spec& spec, const std::string& id, pid_t pid,
                          const std::string& status, int listener) {
  const oci::Seccomp& seccomp = *spec.linux.seccomp;
  auto socket = base::ConnectUnix(seccomp.listener_path);
  if (!socket) {
    return std::unexpected(std::move(socket).error().Wrap("linux.seccomp.listenerPath"));
  }
  const nlohmann::ordered_json state = {
      {"ociVersion", spec.oci_version},
      {"fds", {"seccompFd"}},
      {"pid", pid},
      {"metadata", seccomp.listener_metadata},
      {"state", nlohmann::ordered_json::parse(HookState(spec, id, status, pid))}};
  const std::string text = base::JsonText(state);
  MAYFLY_TRY_AS(base::SendDescriptor(socket->get(), listener, text),
                "linux.seccomp.listenerPath {}", seccomp.listener_path);
  return {};
}

}  // namespace mayfly::container
