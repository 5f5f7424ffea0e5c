#include "engine/child_task.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "base/unique_fd.h"

namespace mayfly::engine {

using base::Error;
using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

namespace {

// An answer is one byte, 0 for a value or 1 + kind for an error, and the text.
constexpr size_t kMaxAnswerBytes = 1 << 20;

std::string Encode(const Result<std::string>& result) {
  if (result) {
    return '\0' + *result;
  }
  return static_cast<char>(1 + static_cast<int>(result.error().kind())) + result.error().text();
}

Result<std::string> Decode(const std::string& answer) {
  const int tag = static_cast<unsigned char>(answer.front());
  std::string text = answer.substr(1);
  if (tag == 0) {
    return text;
  }
  return std::unexpected(Error(static_cast<ErrorKind>(tag - 1), std::move(text)));
}

}  // namespace

Result<std::string> RunInChild(const std::string& what,
                               const std::function<Result<std::string>()>& task) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return base::FailErrno("pipe");
  }
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, -1, [&]() -> int {
                  const std::string answer = Encode(task());
                  return base::WriteAll(writer.get(), answer, "pipe") ? 0 : 1;
                }));
  writer.Reset();
  const auto answer = base::ReadAll(reader.get(), "pipe", kMaxAnswerBytes);
  MAYFLY_ASSIGN(const int status, base::WaitForExit(child.pid));
  if (status > 128) {
    return Fail(ErrorKind::kEngine, "{}: the process was ended by {}", what,
                base::SignalName(status - 128));
  }
  if (!answer || answer->empty()) {
    return Fail(ErrorKind::kEngine, "{}: the process ended with status {} and no answer", what,
                status);
  }
  return Decode(*answer);
}

}  // namespace mayfly::engine
