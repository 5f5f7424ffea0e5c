// Status: how a call ended, in gRPC's codes, and the one table from our error kinds to them.
//
// Sources: google.golang.org/grpc/codes; containerd's errdefs maps them back to its own errors.
#pragma once

#include <string>

#include "base/result.h"

namespace mayfly::ttrpc {

enum class Code : int {
  kOk = 0,
  kUnknown = 2,
  kInvalidArgument = 3,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kUnimplemented = 12,
  kInternal = 13,
};

struct Status {
  Code code = Code::kOk;
  std::string message;
};

Code CodeOf(base::ErrorKind kind);
Status StatusOf(const base::Error& error);

}  // namespace mayfly::ttrpc
