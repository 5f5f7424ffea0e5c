#include "cgroup/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <memory>

#include "base/file.h"
#include "cgroup/text.h"

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;
using base::UniqueFd;

namespace {

constexpr int kRemoveTries = 11;  // 1 + 2 + … + 512 ms
constexpr size_t kMaxFileBytes = 64U << 20;

void SleepMs(long ms) {
  timespec rest{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  ::nanosleep(&rest, nullptr);
}

std::string Join(std::string_view directory, std::string_view file) {
  return directory.empty() ? std::string(file) : fmt::format("{}/{}", directory, file);
}

Result<std::string> ReadAt(int at, const std::string& path, const std::string& shown) {
  const UniqueFd fd(::openat(at, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::FailErrno("open {}", shown);
  }
  return base::ReadAll(fd.get(), shown, kMaxFileBytes);
}

void AddPids(std::string_view text, std::vector<pid_t>& pids) {
  for (const std::string_view line : Split(text, '\n')) {
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) {  // 0: a process outside this pid namespace
      pids.push_back(pid);
    }
  }
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

// The names of the directories in a directory; none when it is gone.
std::vector<std::string> ChildNames(int at, const std::string& path) {
  std::vector<std::string> names;
  UniqueFd fd(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) {
    return names;
  }
  const std::unique_ptr<DIR, DirCloser> dir(::fdopendir(fd.get()));
  if (!dir) {
    return names;
  }
  (void)fd.Release();  // closedir closes it
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
      names.emplace_back(entry->d_name);
    }
  }
  return names;
}

Result<void> ListBelow(int at, const std::string& path, const std::string& shown,
                       std::vector<pid_t>& pids) {
  const auto text = ReadAt(at, path + "/cgroup.procs", shown);
  if (text) {
    AddPids(*text, pids);
  } else if (text.error().sys_errno() == EOPNOTSUPP) {
    // A threaded v2 directory: its processes are listed by the domain above it.
    return {};
  } else if (text.error().sys_errno() != ENOENT && text.error().sys_errno() != ENODEV) {
    return std::unexpected(text.error());
  }
  for (const std::string& name : ChildNames(at, path)) {
    MAYFLY_TRY(ListBelow(at, Join(path, name), Join(shown, name), pids));
  }
  return {};
}

// One pass, children first; the errno of the directory itself, 0 when it is gone.
int RemoveOnce(int at, const std::string& path) {
  if (::unlinkat(at, path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) {
    return 0;
  }
  if (errno != EBUSY && errno != ENOTEMPTY) {
    return errno;
  }
  const int busy = errno;
  const auto children = ChildNames(at, path);
  if (children.empty()) {
    return busy;
  }
  for (const std::string& name : children) {
    RemoveOnce(at, Join(path, name));
  }
  return ::unlinkat(at, path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

bool Directory::on_demand() const {
  constexpr std::array<std::string_view, 6> kOnDemand = {"cpuset",  "blkio",    "hugetlb",
                                                         "net_cls", "net_prio", "rdma"};
  return std::ranges::any_of(kOnDemand, [this](std::string_view name) { return Has(name); });
}

bool Directory::Has(std::string_view controller) const {
  return std::ranges::find(hierarchy_.controllers, controller) != hierarchy_.controllers.end();
}

std::string Directory::path() const {
  return fmt::format("{}/{}", hierarchy_.mount_point == "/" ? "" : hierarchy_.mount_point,
                     relative_);
}

std::string Directory::PathOf(std::string_view file) const {
  return fmt::format("{}/{}", path(), file);
}

Result<int> Directory::Root() const {
  if (!root_.valid()) {
    MAYFLY_ASSIGN(root_, base::Open(hierarchy_.mount_point, O_PATH | O_DIRECTORY));
  }
  return root_.get();
}

Result<void> Directory::OpenRoot() const {
  MAYFLY_TRY(Root());
  return {};
}

bool Directory::ParentExists() const {
  const auto root = Root();
  const size_t slash = relative_.find_last_of('/');
  return root && (slash == std::string::npos ||
                  ::faccessat(*root, relative_.substr(0, slash).c_str(), F_OK, 0) == 0);
}

// A directory left by a crash or made by an administrator is fine; one in use is another
// container's, and its limits, signals and removal would become common.
Result<void> Directory::TakeOver() const {
  std::vector<pid_t> pids;
  MAYFLY_TRY(ListProcesses(pids));
  std::erase(pids, tolerated_);
  if (!pids.empty()) {
    return base::Fail(ErrorKind::kExists, "{}: the cgroup is in use by {} processes, one is {}",
                      path(), pids.size(), pids[0]);
  }
  return {};
}

Result<void> Directory::MakeParents() const {
  MAYFLY_ASSIGN(const int root, Root());
  for (size_t slash = relative_.find('/'); slash != std::string::npos;
       slash = relative_.find('/', slash + 1)) {
    const std::string parent = relative_.substr(0, slash);
    if (::mkdirat(root, parent.c_str(), 0755) != 0 && errno != EEXIST) {
      return base::FailErrno("mkdir {}/{}", hierarchy_.mount_point, parent);
    }
  }
  return {};
}

Result<void> Directory::Make() {
  MAYFLY_ASSIGN(const int root, Root());
  bool parents_made = false;
  while (::mkdirat(root, relative_.c_str(), 0755) != 0) {
    if (errno == EEXIST) {
      MAYFLY_TRY(TakeOver());
      made_ = true;
      return {};
    }
    if (errno != ENOENT || parents_made) {
      return base::FailErrno("mkdir {}", path());
    }
    MAYFLY_TRY(MakeParents());
    parents_made = true;
  }
  made_ = true;
  is_new_ = true;
  return {};
}

Result<UniqueFd> Directory::Open() const {
  MAYFLY_ASSIGN(const int root, Root());
  UniqueFd fd(::openat(root, relative_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::FailErrno("open {}", path());
  }
  return fd;
}

Result<void> Directory::WriteIn(std::string_view directory, const std::string& file,
                                std::string_view value) const {
  MAYFLY_ASSIGN(const int root, Root());
  const std::string relative = Join(directory, file);
  return base::WriteExistingAt(root, relative, value, Join(hierarchy_.mount_point, relative));
}

Result<std::string> Directory::ReadIn(std::string_view directory, const std::string& file) const {
  MAYFLY_ASSIGN(const int root, Root());
  const std::string relative = Join(directory, file);
  return ReadAt(root, relative, Join(hierarchy_.mount_point, relative));
}

Result<void> Directory::Write(const std::string& file, std::string_view value) const {
  return WriteIn(relative_, file, value);
}

Result<std::string> Directory::Read(const std::string& file) const {
  return ReadIn(relative_, file);
}

bool Directory::Exists(const std::string& file) const {
  const auto root = Root();
  return root && ::faccessat(*root, Join(relative_, file).c_str(), F_OK, 0) == 0;
}

Result<void> Directory::WriteEach(const std::string& file,
                                  const std::vector<std::string>& values) const {
  MAYFLY_ASSIGN(const int root, Root());
  const UniqueFd fd(::openat(root, Join(relative_, file).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return base::FailErrno("open {}", PathOf(file));
  }
  for (const std::string& value : values) {
    const std::string line = value + "\n";
    if (::write(fd.get(), line.data(), line.size()) < 0) {
      return base::FailErrno("write \"{}\" to {}", value, PathOf(file));
    }
  }
  return {};
}

Result<void> Directory::Apply(const std::vector<Setting>& settings) const {
  for (size_t i = 0; i < settings.size(); ++i) {
    const Setting& setting = settings[i];
    if (!unified() && !Has(setting.controller)) {
      continue;
    }
    auto written = Write(setting.file, setting.value);
    if (!written && written.error().sys_errno() == EINVAL && setting.may_need_next &&
        i + 1 < settings.size()) {
      MAYFLY_TRY_AS(Write(settings[i + 1].file, settings[i + 1].value), "{}",
                    settings[i + 1].field);
      written = Write(setting.file, setting.value);
    }
    if (!written && written.error().sys_errno() == ENOENT) {
      if (setting.missing_is_fine) {
        continue;
      }
      if (!setting.other_file.empty()) {
        MAYFLY_TRY_AS(Write(setting.other_file,
                            setting.other_value.empty() ? setting.value : setting.other_value),
                      "{}", setting.field);
        continue;
      }
      return base::Fail(ErrorKind::kUnsupported, "{}: this kernel has no {}", setting.field,
                        PathOf(setting.file));
    }
    MAYFLY_TRY_AS(std::move(written), "{}", setting.field);
  }
  return {};
}

Result<void> Directory::ListProcesses(std::vector<pid_t>& pids) const {
  MAYFLY_ASSIGN(const int root, Root());
  return ListBelow(root, relative_, path(), pids);
}

Result<void> Directory::Remove() {
  const auto root = Root();
  if (!root) {  // the hierarchy itself is not mounted any more
    return root.error().sys_errno() == ENOENT ? Result<void>() : std::unexpected(root.error());
  }
  int failed = RemoveOnce(*root, relative_);
  for (int attempt = 1; failed == EBUSY && attempt < kRemoveTries; ++attempt) {
    SleepMs(1L << (attempt - 1));
    failed = RemoveOnce(*root, relative_);
  }
  if (failed != 0) {
    return base::FailErrnoText(failed, fmt::format("rmdir {}", path()));
  }
  made_ = false;
  is_new_ = false;
  return {};
}

}  // namespace mayfly::cgroup
