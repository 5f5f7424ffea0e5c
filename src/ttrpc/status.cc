#include "ttrpc/status.h"

namespace mayfly::ttrpc {

Code CodeOf(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::kNotFound:
      return Code::kNotFound;
    case base::ErrorKind::kExists:
      return Code::kAlreadyExists;
    case base::ErrorKind::kInvalid:
      return Code::kInvalidArgument;
    case base::ErrorKind::kState:
      return Code::kFailedPrecondition;
    case base::ErrorKind::kUnsupported:
      return Code::kUnimplemented;
    case base::ErrorKind::kDenied:
      return Code::kPermissionDenied;
    case base::ErrorKind::kEngine:
    case base::ErrorKind::kSystem:
      return Code::kInternal;
    case base::ErrorKind::kGuest:
      return Code::kUnknown;
  }
  return Code::kUnknown;
}

Status StatusOf(const base::Error& error) { return {CodeOf(error.kind()), error.text()}; }

}  // namespace mayfly::ttrpc
