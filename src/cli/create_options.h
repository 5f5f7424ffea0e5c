// The options that `create` and `run` share, with runc's names.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"

namespace mayfly::cli {

struct CreateFlags {
  std::string id;
  std::string bundle = ".";
  std::string pid_file;
  std::string pidfd_socket;
  std::string console_socket;
  int preserved_fds = 0;
  bool no_pivot = false;
  bool no_new_keyring = false;
};

std::shared_ptr<CreateFlags> AddCreateOptions(CLI::App* command);
// --preserve-fds N: 3 .. 3+N-1 must be open.
base::Result<void> CheckPreserved(int count);
// Makes the bundle's path absolute and refuses what cannot be honoured.
base::Result<container::CreateOptions> ToCreateOptions(const CreateFlags& flags);

}  // namespace mayfly::cli
