// GuestStack: a guest that recurses without end is a trap, in every strategy.
//
// Compiled guests run on the thread's stack and meet its guard page; WasmEdge handles SIGSEGV, but
// on that same stack, and takes every fault for one of memory. So this part answers libwasmedge's
// calls of sigaction: its handler runs on a stack of its own, and a fault beside the stack pointer
// is remembered. Interpreted guests push values into a vector that has no bound; its memory comes
// from operator new, which this part answers too. The dynamic linker finds both here first: run.so
// is the root of the scope that libwasmedge is loaded in, and comes before the program
// (RTLD_DEEPBIND).
//
// Threads: one guest a process. Sources: sigaltstack(2), ld.so(8) on lookup scopes.
#pragma once

#include <setjmp.h>

#include <string>

namespace mayfly_wasmedge {

// Gives this thread its signal stack. Empty, or the reason why it cannot.
std::string PrepareGuestStack();

// Whether a fault since the start came from the stack's end.
bool FaultedOnStack();

// While a jump buffer is set, an allocation that only an endless recursion asks for jumps there.
void SetInterpreterExit(jmp_buf* buffer);

}  // namespace mayfly_wasmedge
