/* What every function of the stand-in for LLVM comes to; llvm_stand_in.py writes the functions. */
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("hidden"))) void mayfly_llvm_called(void) {
  static const char text[] =
      "mayfly: wasmedge: LLVM was called in the run plugin, which has none\n";
  (void)!write(STDERR_FILENO, text, sizeof text - 1);
  abort();
}
