// Logger: a program that takes a container's output (containerd's binary:// logging).
//
// It reads the output on descriptor 3 and the errors on 4, closes 5 when it is ready, and gets
// CONTAINER_ID and CONTAINER_NAMESPACE in its environment; the URI's query becomes its arguments.
// It ends by itself when both streams end.
//
// Sources: containerd docs/runtime-v2.md "Logging". Fork: parent only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace mayfly::shim {

struct LoggerPipes {
  base::UniqueFd out_writer;
  base::UniqueFd err_writer;
  // Held by the shim too: a logger that dies is no SIGPIPE for the container.
  base::UniqueFd out_reader;
  base::UniqueFd err_reader;
};

// `uri` is "binary:///PROGRAM?KEY=VALUE&…". Returns when the logger is ready; one that ends before,
// or is not ready within 10 s, is an error.
base::Result<LoggerPipes> StartLogger(const std::string& uri, const std::string& id,
                                      const std::string& name_space);

// The program and its arguments: "/bin/log?a=1&b" -> {"/bin/log", "a", "1", "b"}.
std::vector<std::string> LoggerCommand(const std::string& uri);

}  // namespace mayfly::shim
