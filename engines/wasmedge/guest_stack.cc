#include "guest_stack.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace mayfly_wasmedge {
namespace {

constexpr size_t kSignalStackBytes = 64 << 10;
// How far from the stack pointer a stack's end faults: pushes are just below it, a function's
// locals above.
constexpr uintptr_t kStackFaultReach = 64 << 10;
// One value is 16 bytes: 8 million of them.
constexpr size_t kMaxInterpreterStackBytes = 128 << 20;

// State of the process's one guest, in one place since a signal handler has no argument for it.
struct State {
  struct sigaction engine_handlers[NSIG] = {};
  bool faulted_on_stack = false;
  jmp_buf* interpreter_exit = nullptr;
};
State state;

uintptr_t StackPointer(const ucontext_t& context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return context.uc_mcontext.sp;
#else
#error "where is the stack pointer of this architecture?"
#endif
}

void OnFault(int number, siginfo_t* info, void* context) {
  const uintptr_t stack = StackPointer(*static_cast<ucontext_t*>(context));
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  state.faulted_on_stack = address - (stack - kStackFaultReach) < 2 * kStackFaultReach;
  state.engine_handlers[number].sa_sigaction(number, info, context);
}

}  // namespace

std::string PrepareGuestStack() {
  void* const memory = ::mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  const stack_t stack = {.ss_sp = memory, .ss_flags = 0, .ss_size = kSignalStackBytes};
  if (memory == MAP_FAILED || ::sigaltstack(&stack, nullptr) != 0) {
    return std::string("signal stack: ") + std::strerror(errno);
  }
  return "";
}

bool FaultedOnStack() { return state.faulted_on_stack; }

void SetInterpreterExit(jmp_buf* buffer) { state.interpreter_exit = buffer; }

}  // namespace mayfly_wasmedge

// libwasmedge's: with a handler for faults, the handler above is set in its place.
// (Under its own name it would be a second declaration of libc's.)
__attribute__((visibility("default"))) int AnswerSigaction(
    int number, const struct sigaction* action, struct sigaction* old) __asm__("sigaction");

int AnswerSigaction(int number, const struct sigaction* action, struct sigaction* old) {
  using Sigaction = int (*)(int, const struct sigaction*, struct sigaction*);
  static const auto next = reinterpret_cast<Sigaction>(::dlsym(RTLD_NEXT, "sigaction"));
  const bool is_fault = number == SIGSEGV || number == SIGBUS || number == SIGFPE;
  if (!is_fault || action == nullptr || (action->sa_flags & SA_SIGINFO) == 0) {
    return next(number, action, old);
  }
  mayfly_wasmedge::state.engine_handlers[number] = *action;
  struct sigaction ours = *action;
  ours.sa_sigaction = mayfly_wasmedge::OnFault;
  ours.sa_flags |= SA_ONSTACK;
  return next(number, &ours, old);
}

// libwasmedge's operator new: as the C++ library's, but for the end of an endless recursion.
__attribute__((visibility("default"))) void* operator new(size_t size) {
  if (size > mayfly_wasmedge::kMaxInterpreterStackBytes &&
      mayfly_wasmedge::state.interpreter_exit != nullptr) {
    ::longjmp(*mayfly_wasmedge::state.interpreter_exit, 1);
  }
  void* const memory = ::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    ::abort();  // no exceptions here; libwasmedge would end by std::terminate
  }
  return memory;
}
