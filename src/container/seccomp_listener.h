// The listener of a seccomp filter that notifies: from the init, which gets it by loading the
// filter, to the process of linux.seccomp.listenerPath, which answers.
//
// Once the filter is loaded any system call of the init may wait for an answer, so the init must
// hand the listener over without one: it writes the number into memory that both see, the command
// takes the descriptor out of the init (pidfd_getfd(2)) and sends it on.
//
// Sources: runtime-spec 1.2 config-linux.md "The Container Process State"; seccomp_unotify(2);
// unix(7) SCM_RIGHTS. Fork: made by the command before the init is born.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace mayfly::container {

class ListenerHandover {
 public:
  static base::Result<ListenerHandover> Make();

  // The init: tells the number of its listener, then waits for the command to have it. No system
  // call is made.
  void Offer(int listener) const;

  // The command: waits for it; invalid when the init ended or has something to say on its socket
  // before it came.
  base::Result<base::UniqueFd> Take(int init_pidfd, int init_socket) const;

 private:
  struct Shared;
  struct Unmapper {
    void operator()(Shared* shared) const;
  };
  explicit ListenerHandover(Shared* shared) : shared_(shared) {}
  std::unique_ptr<Shared, Unmapper> shared_;
};

// Sends the listener and the container process state to listenerPath.
base::Result<void> SendListener(const oci::Spec& spec, const std::string& id, pid_t pid,
                                const std::string& status, int listener);

}  // namespace mayfly::container
