#include "guest_end.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace mayfly_wasmtime {
namespace {

// The next line of a text, without indentation and without the number that several causes have.
std::string_view NextCause(std::string_view* text) {
  const size_t end = text->find('\n');
  std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const size_t digits = line.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string_view::npos && line.substr(digits).starts_with(": ")) {
    line.remove_prefix(digits + 2);
  }
  return line;
}

// Wasmtime's text has the backtrace first, then the causes from the outermost to the trap itself; a
// log's reader wants the trap first: "out of bounds memory access: memory fault at …", backtrace.
std::string TrapText(const std::string& message) {
  constexpr std::string_view kBacktrace = "error while executing at wasm backtrace:\n";
  constexpr std::string_view kCausedBy = "\n\nCaused by:\n";
  constexpr std::string_view kTrap = "wasm trap: ";
  const size_t caused_by = message.find(kCausedBy);
  if (!message.starts_with(kBacktrace) || caused_by == std::string::npos) {
    return message;
  }
  std::string reason;
  std::string_view causes = std::string_view(message).substr(caused_by + kCausedBy.size());
  while (!causes.empty()) {
    const std::string_view cause = NextCause(&causes);
    if (cause.starts_with(kTrap)) {
      reason.insert(0, std::string(cause.substr(kTrap.size())) + (reason.empty() ? "" : ": "));
    } else if (!cause.empty()) {
      reason.append(reason.empty() ? "" : ": ").append(cause);
    }
  }
  std::string_view backtrace =
      std::string_view(message).substr(kBacktrace.size(), caused_by - kBacktrace.size());
  return reason.append("\n").append(backtrace);
}

}  // namespace

void SetEnd(mayfly_end* end, const wasmtime_error_t* error, const wasm_trap_t* trap) {
  end->kind = MAYFLY_END_EXIT;
  end->code = 0;
  if (int status = 0; error != nullptr && wasmtime_error_exit_status(error, &status)) {
    end->code = static_cast<uint32_t>(status);
  } else if (error != nullptr || trap != nullptr) {
    end->kind = MAYFLY_END_TRAP;
    CopyText(end->text, sizeof end->text,
             TrapText(error != nullptr ? Message(error) : Message(trap)));
  }
}

}  // namespace mayfly_wasmtime
