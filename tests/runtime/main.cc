// The tests' main: runs them as the init of a pid namespace and a mount namespace of their own.
//
// A runtime under test may be wrong: signal the wrong process, leave processes and mounts. Inside
// these namespaces it can reach the tests' processes only, and whatever is left ends with them.
//
// Without root, nothing is isolated: the fixture skips every test then.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {

// Makes the calling process a child that is pid 1 and sees only its own processes. The parent
// returns the child's exit status in *status and true; the child returns false.
bool IsolateInChild(int* status) {
  *status = 1;
  if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    std::perror("runtime_test: cannot make namespaces for the tests");
    return true;
  }
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("runtime_test: fork");
    return true;
  }
  if (child > 0) {
    int wait_status = 0;
    ::waitpid(child, &wait_status, 0);
    *status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    return true;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    std::perror("runtime_test: cannot mount /proc for the tests");
    ::_exit(1);
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int status = 0;
  if (::geteuid() == 0 && !testing::GTEST_FLAG(list_tests) && IsolateInChild(&status)) {
    return status;
  }
  return RUN_ALL_TESTS();
}

#if defined(__SANITIZE_ADDRESS__)
// LeakSanitizer stops this process through /proc, which may show another pid namespace than ours.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options();
const char* __asan_default_options() { return "detect_leaks=0"; }
#endif
