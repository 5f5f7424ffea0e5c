#include "container/native_workload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "base/file.h"

namespace mayfly::container {

using base::ErrorKind;
using base::Fail;
using base::Result;
using base::UniqueFd;

namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr size_t kMaxPasswdBytes = 1U << 20;

// Callers know the commonest reasons by Go's words: Docker's exit codes 126 and 127 come from them.
std::unexpected<base::Error> FailExec(int why, const std::string& program) {
  auto failed = base::FailErrnoText(why, "");
  const std::string reason = why == ENOENT   ? "no such file or directory"
                             : why == EACCES ? "permission denied"
                                             : std::strerror(why);
  return std::unexpected(
      base::Error(failed.error().kind(), fmt::format("exec {}: {}", program, reason), why));
}

// 0 when the file can be executed, else the errno that says why not.
int WhyNotExecutable(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return errno;
  }
  if (S_ISDIR(info.st_mode)) {
    return EISDIR;
  }
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

std::string_view FindVariable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string_view(entry).substr(name.size() + 1);
    }
  }
  return {};
}

Result<std::string> FindProgram(const std::string& name,
                                const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) {
    if (const int why = WhyNotExecutable(name); why != 0) {
      return FailExec(why, name);
    }
    return name;
  }
  std::string_view path = FindVariable(environment, "PATH");
  if (path.empty()) {
    path = kDefaultPath;
  }
  int reason = ENOENT;
  while (!path.empty()) {
    const size_t colon = std::min(path.find(':'), path.size());
    const std::string directory(path.substr(0, colon));
    path.remove_prefix(std::min(colon + 1, path.size()));
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    const int why = WhyNotExecutable(candidate);
    if (why == 0) {
      return candidate;
    }
    if (why == EACCES) {
      reason = why;
    }
  }
  if (reason == ENOENT) {
    return Fail(ErrorKind::kNotFound, "exec \"{}\": executable file not found in $PATH", name);
  }
  return FailExec(reason, name);
}

// The home directory of a user in the container's /etc/passwd:
// name:password:uid:gid:gecos:home:shell.
std::string HomeOf(uid_t uid) {
  const auto passwd = base::ReadFile("/etc/passwd", kMaxPasswdBytes);
  std::string_view text = passwd ? std::string_view(*passwd) : std::string_view();
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::vector<std::string_view> fields;
    while (fields.size() < 6) {
      const size_t colon = std::min(line.find(':'), line.size());
      fields.push_back(line.substr(0, colon));
      line.remove_prefix(std::min(colon + 1, line.size()));
    }
    uid_t number = 0;
    const auto [last, error] =
        std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), number);
    if (error == std::errc() && number == uid && !fields[5].empty()) {
      return std::string(fields[5]);
    }
  }
  return "/";
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

// CVE-2019-5736: run in the container, the runtime's own program could be opened by the container
// and written to after its end. The init's /proc/self/exe is a way to it, also as the interpreter
// of a script; the kernel follows as many of those as kMaxScripts.
Result<void> RefuseOwnProgram(const std::string& program) {
  constexpr int kMaxScripts = 5;
  constexpr size_t kMaxFirstLine = 256;  // the kernel's BINPRM_BUF_SIZE
  struct stat own{};
  if (::stat("/proc/self/exe", &own) != 0) {
    return {};  // the container has no procfs, and so no way to it
  }
  std::string path = program;
  for (int scripts = 0; scripts <= kMaxScripts; ++scripts) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info{};
    if ((file.valid() ? ::fstat(file.get(), &info) : ::stat(path.c_str(), &info)) != 0) {
      return {};  // execve(2) tells why
    }
    if (info.st_dev == own.st_dev && info.st_ino == own.st_ino) {
      return Fail(ErrorKind::kDenied, "exec {}: {} is the runtime's own program", program, path);
    }
    std::string line(kMaxFirstLine, '\0');
    const ssize_t got = file.valid() ? ::pread(file.get(), line.data(), line.size(), 0) : -1;
    line.resize(got > 0 ? static_cast<size_t>(got) : 0);
    if (!line.starts_with("#!")) {
      return {};
    }
    const size_t begin = std::min(line.find_first_not_of(" \t", 2), line.size());
    path = line.substr(begin, std::min(line.find_first_of(" \t\n", begin), line.size()) - begin);
  }
  return {};
}

}  // namespace

Result<void> NativeWorkload::Verify() {
  environment_ = process_.env;
  if (FindVariable(environment_, "HOME").empty()) {
    environment_.push_back("HOME=" + HomeOf(process_.user.uid));
  }
  MAYFLY_ASSIGN(program_, FindProgram(process_.args.front(), environment_));
  return RefuseOwnProgram(program_);
}

Result<int> NativeWorkload::Run(const std::function<void()>& on_started) {
  (void)on_started;
  const std::vector<char*> arguments = Pointers(process_.args);
  const std::vector<char*> environment = Pointers(environment_);
  // Once more: another process may have changed the root file system since `create`.
  MAYFLY_TRY(RefuseOwnProgram(program_));
  ::execve(program_.c_str(), arguments.data(), environment.data());
  const int why = errno;
  auto failed = FailExec(why, program_);
  return std::unexpected(base::Error(ErrorKind::kGuest, failed.error().text(), why));
}

std::unique_ptr<Workload> MakeNativeWorkload(const oci::Spec& spec) {
  return std::make_unique<NativeWorkload>(spec.process);
}

}  // namespace mayfly::container
