#include "cli/create_options.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace mayfly::cli {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;

std::shared_ptr<CreateFlags> AddCreateOptions(CLI::App* command) {
  auto flags = std::make_shared<CreateFlags>();
  command->add_option("id", flags->id, "Name of the container, unique below --root")
      ->required()
      ->type_name("ID");
  command->add_option("-b,--bundle", flags->bundle, "Directory of the bundle")
      ->type_name("DIR")
      ->default_str("the working directory");
  command->add_option("--pid-file", flags->pid_file, "Write the init's process id to this file")
      ->type_name("FILE");
  command
      ->add_option("--pidfd-socket", flags->pidfd_socket,
                   "Socket that receives a pidfd of the init")
      ->type_name("SOCKET");
  command
      ->add_option("--console-socket", flags->console_socket, "Socket that receives the terminal")
      ->type_name("SOCKET");
  command
      ->add_option("--preserve-fds", flags->preserved_fds,
                   "Pass this many descriptors from 3 up to the guest")
      ->type_name("N")
      ->check(CLI::Range(0, 1 << 16));
  command->add_flag("--no-pivot", flags->no_pivot,
                    "Use chroot instead of pivot_root (root on an initramfs)");
  command->add_flag("--no-new-keyring", flags->no_new_keyring, "Keep the caller's session keyring");
  return flags;
}

// Descriptors of ours are O_CLOEXEC, so one without the flag came from the caller.
Result<void> CheckPreserved(int count) {
  for (int fd = STDERR_FILENO + 1; fd <= STDERR_FILENO + count; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) {
      return Fail(ErrorKind::kInvalid, "--preserve-fds {}: descriptor {} is not open", count, fd);
    }
  }
  return {};
}

Result<container::CreateOptions> ToCreateOptions(const CreateFlags& flags) {
  char absolute[PATH_MAX];
  if (::realpath(flags.bundle.c_str(), absolute) == nullptr) {
    return FailErrno("--bundle {}", flags.bundle);
  }
  MAYFLY_TRY(CheckPreserved(flags.preserved_fds));
  container::CreateOptions options;
  options.id = flags.id;
  options.bundle = absolute;
  options.pid_file = flags.pid_file;
  options.pidfd_socket = flags.pidfd_socket;
  options.console_socket = flags.console_socket;
  options.preserved_fds = flags.preserved_fds;
  options.pivot = !flags.no_pivot;
  options.new_keyring = !flags.no_new_keyring;
  return options;
}

}  // namespace mayfly::cli
