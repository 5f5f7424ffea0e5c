// Result<T> and Error: how every function of Mayfly that can fail says so.
//
// An Error carries what was being done, to what, and why it failed: each layer that passes an error
// up adds its own object in front ("create c1: mount /proc: Operation not permitted"). The kind is
// a small closed set that the front doors map to their own codes (the CLI to exit codes).
//
// Errors: text is lower case, without a full stop, and names the object.
// Threads: values; safe to move between threads.
// Fork: usable in a child after fork (allocates; the child is single-threaded).
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mayfly::base {

enum class ErrorKind : unsigned char {
  kNotFound,     // no such container, file, engine
  kExists,       // the id is in use
  kInvalid,      // input that is wrong: config.json, arguments, a module
  kState,        // the container is in a state that does not allow the operation
  kUnsupported,  // valid input that this build or this machine cannot honour
  kDenied,       // refused by the kernel or by a check of ours
  kEngine,       // an engine plugin failed
  kGuest,        // the guest's program could not be started
  kSystem,       // a system call failed
};

// The kind's name as it stands in logs, e.g. "not-found".
std::string_view ErrorKindName(ErrorKind kind);

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string text, int sys_errno = 0)
      : kind_(kind), errno_(sys_errno), text_(std::move(text)) {}

  ErrorKind kind() const { return kind_; }
  // The errno of the system call that failed, or 0.
  int sys_errno() const { return errno_; }
  const std::string& text() const { return text_; }

  // The same error seen from one layer further out: "context: text".
  Error Wrap(std::string_view context) && {
    text_.insert(0, ": ");
    text_.insert(0, context);
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  int errno_;
  std::string text_;
};

template <typename T>
using Result = std::expected<T, Error>;

// An error value of the given kind: `return Fail(ErrorKind::kInvalid, "config.json: {}", why);`
template <typename... Args>
std::unexpected<Error> Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

// An error value from errno, read at once: "what: No such file or directory". The kind follows from
// errno (ENOENT not-found, EEXIST exists, EPERM and EACCES denied, otherwise system).
std::unexpected<Error> FailErrnoText(int sys_errno, std::string what);
template <typename... Args>
std::unexpected<Error> FailErrno(fmt::format_string<Args...> format, Args&&... args) {
  const int saved = errno;
  return FailErrnoText(saved, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mayfly::base

#define MAYFLY_CONCAT_INNER(a, b) a##b
#define MAYFLY_CONCAT(a, b) MAYFLY_CONCAT_INNER(a, b)

// Passes the error of a Result<void> (or any Result whose value is not needed) up.
#define MAYFLY_TRY(expression)                                      \
  do {                                                              \
    if (auto mayfly_try = (expression); !mayfly_try) [[unlikely]] { \
      return std::unexpected(std::move(mayfly_try).error());        \
    }                                                               \
  } while (false)

// Passes the error up with a layer's object in front: MAYFLY_TRY_AS(Mount(m), "mount {}",
// m.target).
#define MAYFLY_TRY_AS(expression, ...)                                                      \
  do {                                                                                      \
    if (auto mayfly_try = (expression); !mayfly_try) [[unlikely]] {                         \
      return std::unexpected(std::move(mayfly_try).error().Wrap(fmt::format(__VA_ARGS__))); \
    }                                                                                       \
  } while (false)

// Declares `target` from the value of a Result, or passes its error up: MAYFLY_ASSIGN(auto fd,
// Open(p)).
#define MAYFLY_ASSIGN(target, expression) \
  MAYFLY_ASSIGN_INNER(MAYFLY_CONCAT(mayfly_result_, __LINE__), target, expression)
#define MAYFLY_ASSIGN_INNER(result, target, expression) \
  auto result = (expression);                           \
  if (!result) [[unlikely]] {                           \
    return std::unexpected(std::move(result).error());  \
  }                                                     \
  target = std::move(result).value()
