#include "container/hooks.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::FailErrno;
using base::Result;
using base::UniqueFd;

namespace {

constexpr size_t kMaxShownBytes = 2048;
constexpr int kCannotRun = 127;

// A file in memory; what a hook leaves running may keep it open without holding anybody up.
Result<UniqueFd> MemoryFile(std::string_view content) {
  UniqueFd file(::memfd_create("hook", MFD_CLOEXEC));
  if (!file.valid()) {
    return FailErrno("memfd_create");
  }
  MAYFLY_TRY(base::WriteAll(file.get(), content, "a hook's stdin"));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// In the child: a process group of its own, so that a hook that takes too long ends with what it
// started.
int Become(const oci::Hook& hook, int input, int output, const std::string& directory) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0 || ::close_range(STDERR_FILENO + 1, ~0U, 0) != 0 ||
      ::chdir(directory.c_str()) != 0) {
    return kCannotRun;
  }
  const std::vector<std::string> alone = {hook.path};
  const auto arguments = Pointers(hook.args.empty() ? alone : hook.args);
  const auto environment = Pointers(hook.env);
  ::execve(hook.path.c_str(), arguments.data(), environment.data());
  const std::string why = fmt::format("exec: {}", ::strerrordesc_np(errno));
  (void)!::write(STDERR_FILENO, why.data(), why.size());
  return kCannotRun;
}

std::string Printed(int output) {
  ::lseek(output, 0, SEEK_SET);
  std::string text(kMaxShownBytes, '\0');
  const ssize_t got = ::read(output, text.data(), text.size());
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return text.empty() ? "" : ": " + text;
}

Result<void> RunHook(const oci::Hook& hook, const std::string& state_json,
                     const std::string& directory) {
  MAYFLY_ASSIGN(const UniqueFd input, MemoryFile(state_json));
  MAYFLY_ASSIGN(const UniqueFd output, MemoryFile(""));
  MAYFLY_ASSIGN(const base::Child child, base::Spawn(0, -1, [&] {
                  return Become(hook, input.get(), output.get(), directory);
                }));
  const int timeout_ms = hook.timeout_seconds ? *hook.timeout_seconds * 1000 : -1;
  MAYFLY_ASSIGN(const bool ended, base::WaitPidfd(child.pidfd.get(), timeout_ms));
  if (!ended) {
    ::kill(-child.pid, SIGKILL);
    (void)base::SendSignal(child.pidfd.get(), SIGKILL);
  }
  MAYFLY_ASSIGN(const int status, base::WaitForExit(child.pid));
  if (!ended) {
    return Fail(ErrorKind::kSystem, "did not end within {} s{}", *hook.timeout_seconds,
                Printed(output.get()));
  }
  if (status != 0) {
    return Fail(ErrorKind::kSystem, "exit status {}{}", status, Printed(output.get()));
  }
  return {};
}

}  // namespace

Result<void> RunHooks(const std::vector<oci::Hook>& hooks, std::string_view kind,
                      const std::string& state_json, const std::string& directory) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    MAYFLY_TRY_AS(RunHook(hooks[i], state_json, directory), "hooks.{}[{}]: {}", kind, i,
                  hooks[i].path);
  }
  return {};
}

void RunLateHooks(const std::vector<oci::Hook>& hooks, std::string_view kind,
                  const std::string& state_json, const std::string& directory, base::Log& log) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    if (const auto run = RunHook(hooks[i], state_json, directory); !run) {
      log.Warning("hooks.{}[{}]: {}: {}", kind, i, hooks[i].path, run.error().text());
    }
  }
}

std::string HookState(const oci::Spec& spec, const std::string& id, std::string_view status,
                      pid_t pid) {
  const nlohmann::ordered_json document = {{"ociVersion", spec.oci_version},
                                           {"id", id},
                                           {"status", status},
                                           {"pid", pid},
                                           {"bundle", spec.bundle},
                                           {"annotations", spec.annotations}};
  return base::JsonText(document);
}

}  // namespace mayfly::container
