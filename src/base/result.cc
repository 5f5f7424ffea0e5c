#include "base/result.h"

#include <cstring>

namespace mayfly::base {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return "not-found";
    case ErrorKind::kExists:
      return "exists";
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kState:
      return "state";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kEngine:
      return "engine";
    case ErrorKind::kGuest:
      return "guest";
    case ErrorKind::kSystem:
      return "system";
  }
  return "unknown";
}

std::unexpected<Error> FailErrnoText(int sys_errno, std::string what) {
  ErrorKind kind = ErrorKind::kSystem;
  if (sys_errno == ENOENT || sys_errno == ESRCH) {
    kind = ErrorKind::kNotFound;
  } else if (sys_errno == EEXIST) {
    kind = ErrorKind::kExists;
  } else if (sys_errno == EPERM || sys_errno == EACCES) {
    kind = ErrorKind::kDenied;
  }
  what.append(": ").append(std::strerror(sys_errno));
  return std::unexpected(Error(kind, std::move(what), sys_errno));
}

}  // namespace mayfly::base
