// Tracer: hands the phases of each container to mayfly-otlp when the environment asks for
// OpenTelemetry spans; costs one look at a flag when it does not.
//
// On with OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) set, unless
// OTEL_SDK_DISABLED is "true" or MAYFLY_PHASES has the clock already. The lines of all processes
// are gathered in memory that has no name; a child sends them, so nothing here waits for a network.
//
// Errors: logged: no container fails for its spans. Ownership: owns its descriptors.
// Threads: one. Fork: Export forks and executes.
#pragma once

#include <map>
#include <string>

#include "base/log.h"
#include "base/phases.h"
#include "base/unique_fd.h"

namespace mayfly::shim {

class Tracer {
 public:
  // Off.
  Tracer() = default;
  // `log_fifo` takes what the child says; it may be closed.
  static Tracer FromEnvironment(base::UniqueFd log_fifo, base::Log* log);

  bool on() const { return lines_.valid(); }
  // A clock that writes into this tracer's memory.
  base::PhaseClock MakeClock() const;
  // A container is being made, on behalf of a request with this W3C traceparent ("": none).
  void Begin(const std::string& id, const std::string& traceparent);
  // It is deleted, or was not made for the reason `error`: its spans go out.
  void Export(const std::string& id, const std::string& name_space, const std::string& error);

 private:
  base::Result<void> Send(const std::string& id, const std::string& name_space,
                          const std::string& traceparent, const std::string& error) const;

  base::UniqueFd lines_;
  base::UniqueFd log_fifo_;
  std::string program_;
  base::Log* log_ = nullptr;
  std::map<std::string, std::string> traceparents_;  // of the containers that are here
};

}  // namespace mayfly::shim
