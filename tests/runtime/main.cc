// The tests' main: runs them in a pid namespace and a mount namespace of their own.
//
// A runtime under test may be wrong: signal the wrong process, leave processes and mounts. Inside
// these namespaces it can reach the tests' processes only, and whatever is left ends with them. The
// init of the pid namespace does nothing but wait: the tests are its child, because the kernel
// keeps signals and ptrace (which LeakSanitizer uses) from an init.
//
// Without root, nothing is isolated: the fixture skips every test then.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {

int ExitStatus(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

// The namespace's init: reaps until the tests have ended. Never returns.
[[noreturn]] void WaitForTests(pid_t tests) {
  int wait_status = 0;
  pid_t ended = 0;
  while ((ended = ::wait(&wait_status)) != tests) {
    if (ended < 0 && errno != EINTR) {
      ::_exit(1);
    }
  }
  ::_exit(ExitStatus(wait_status));
}

// Makes the namespaces and a child in them. The parent gets the child's exit status in *status and
// true, the child, which runs the tests, false.
bool IsolateInChild(int* status) {
  *status = 1;
  if (::unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    std::perror("runtime_test: cannot make namespaces for the tests");
    return true;
  }
  const pid_t init = ::fork();
  if (init < 0) {
    std::perror("runtime_test: fork");
    return true;
  }
  if (init > 0) {
    int wait_status = 0;
    ::waitpid(init, &wait_status, 0);
    *status = ExitStatus(wait_status);
    return true;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    std::perror("runtime_test: cannot mount /proc for the tests");
    ::_exit(1);
  }
  const pid_t tests = ::fork();
  if (tests < 0) {
    std::perror("runtime_test: fork");
    ::_exit(1);
  }
  if (tests > 0) {
    WaitForTests(tests);
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int status = 0;
  if (::geteuid() == 0 && !testing::GTEST_FLAG(list_tests) && IsolateInChild(&status)) {
    ::_exit(status);  // no exit handlers: LeakSanitizer's needs a child, and this process can have
                      // no more
  }
  return RUN_ALL_TESTS();
}
