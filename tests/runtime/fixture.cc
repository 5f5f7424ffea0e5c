#include "fixture.h"

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

std::string JoinLines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "  " + line + "\n";
  }
  return text;
}

template <typename Number>
std::vector<std::string> Described(const std::vector<Number>& pids) {
  std::vector<std::string> lines;
  for (const Number pid : pids) {
    std::string command = ReadFile("/proc/" + std::to_string(pid) + "/cmdline");
    for (char& letter : command) {
      letter = letter == '\0' ? ' ' : letter;
    }
    lines.push_back(std::to_string(pid) + " " + command);
  }
  return lines;
}

// Takes away what a faulty runtime left, so that one failing test does not make the next ones fail.
void RemoveRemains(const fs::path& directory, const std::vector<std::string>& ids) {
  for (const pid_t pid : OwnChildren()) {
    KillOne(pid);
  }
  for (const std::string& id : ids) {
    for (const pid_t pid : ProcessesInCgroups(id)) {
      KillOne(pid);
    }
  }
  PauseMilliseconds(200);
  ReapOrphans();
  std::vector<std::string> mounts = MountsBelow(directory);
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
    ::umount2(mount->c_str(), MNT_DETACH);
  }
  for (const std::string& id : ids) {
    std::vector<std::string> cgroups = CgroupsNamed(id);
    for (auto cgroup = cgroups.rbegin(); cgroup != cgroups.rend(); ++cgroup) {
      ::rmdir(cgroup->c_str());
    }
  }
}

}  // namespace

void ReapOrphans() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

const std::string& RuntimeTest::RuntimePath() {
  static const std::string path = [] {
    const char* chosen = std::getenv("MAYFLY_TEST_RUNTIME");
    return std::string(chosen != nullptr ? chosen : MAYFLY_TEST_DEFAULT_RUNTIME);
  }();
  return path;
}

bool RuntimeTest::IsRunc() {
  static const bool is_runc = RunCommand({RuntimePath(), "--version"}).out.starts_with("runc");
  return is_runc;
}

void RuntimeTest::SetUp() {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "containers with namespaces of their own need root";
  }
  if (::access(RuntimePath().c_str(), X_OK) != 0) {
    GTEST_SKIP() << "no runtime to test: " << RuntimePath() << " is not there";
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  std::string name = (fs::temp_directory_path() / "mayfly-runtime-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr) << name;
  // mkdtemp makes it 0700; users other than root must be able to reach their rootfs.
  fs::permissions(name, fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
  directory_ = name;
  // The node's own settings and cache stay out of it; compiled modules are shared by the tests of
  // one build.
  ::setenv("MAYFLY_CONFIG", (directory_ / "config.toml").c_str(), 1);
  WriteFile(directory_ / "config.toml", "");
  ::setenv("MAYFLY_CACHE_DIR", MAYFLY_TEST_CACHE, 1);
}

void RuntimeTest::TearDown() {
  if (directory_.empty()) {
    return;
  }
  DeleteContainers();
  ExpectNothingLeft();
  if (HasFailure()) {
    RemoveRemains(directory_, ids_);
  }
  fs::remove_all(directory_);
}

void RuntimeTest::DeleteContainers() {
  for (const std::string& id : ids_) {
    if (fs::exists(state_root() / id)) {
      const Output output = Runtime({"delete", "--force", id});
      EXPECT_EQ(output.exit_code, 0) << "delete --force " << id << ": " << output.err;
    }
  }
}

void RuntimeTest::ExpectNothingLeft() {
  const std::vector<std::string> mounts = MountsBelow(directory_);
  EXPECT_TRUE(mounts.empty()) << "mounts left behind:\n" << JoinLines(mounts);
  for (const std::string& id : ids_) {
    const std::vector<std::string> cgroups = CgroupsNamed(id);
    EXPECT_TRUE(cgroups.empty()) << "cgroups left behind:\n" << JoinLines(cgroups);
    const std::vector<pid_t> processes = ProcessesInCgroups(id);
    EXPECT_TRUE(processes.empty()) << "processes left behind:\n" << JoinLines(Described(processes));
  }
  ReapOrphans();
  const std::vector<pid_t> children = OwnChildren();
  EXPECT_TRUE(children.empty()) << "processes left behind:\n" << JoinLines(Described(children));
  if (fs::exists(state_root())) {
    std::vector<std::string> entries;
    for (const auto& entry : fs::directory_iterator(state_root())) {
      // Compiled filters are kept on purpose, as a cache.
      if (entry.path().filename() != ".seccomp") {
        entries.push_back(entry.path());
      }
    }
    EXPECT_TRUE(entries.empty()) << "state left behind:\n" << JoinLines(entries);
  }
}

Bundle RuntimeTest::MakeBundle(Guest guest) {
  return {directory_ / ("bundle" + std::to_string(++bundles_)), guest};
}

std::string RuntimeTest::NewId() {
  ids_.push_back(UniqueName("mft-") + "-" + std::to_string(ids_.size() + 1) + "c");
  return ids_.back();
}

std::string RuntimeTest::UniqueName(const std::string& prefix) const {
  const std::string name = directory_.filename();
  return prefix + name.substr(name.rfind('-') + 1);
}

std::vector<std::string> RuntimeTest::CommandLine(const std::vector<std::string>& args) const {
  std::vector<std::string> line = {RuntimePath(), "--root", state_root()};
  line.insert(line.end(), args.begin(), args.end());
  return line;
}

Output RuntimeTest::Runtime(const std::vector<std::string>& args,
                            const CommandOptions& options) const {
  return RunCommand(CommandLine(args), options);
}

Process RuntimeTest::Spawn(const std::vector<std::string>& args,
                           const CommandOptions& options) const {
  return {CommandLine(args), options};
}

Output RuntimeTest::Run(const Bundle& bundle, const CommandOptions& options) {
  return Runtime({"run", "--bundle", bundle.directory(), NewId()}, options);
}

namespace {

nlohmann::json Parsed(const Output& output) {
  EXPECT_EQ(output.exit_code, 0) << output.err;
  nlohmann::json document = nlohmann::json::parse(output.out, nullptr, false);
  EXPECT_FALSE(document.is_discarded()) << output.out;
  return document;
}

}  // namespace

nlohmann::json RuntimeTest::Report(Bundle& bundle, const std::vector<std::string>& sections) {
  std::vector<std::string> args = {"report"};
  args.insert(args.end(), sections.begin(), sections.end());
  bundle.Probe(args);
  nlohmann::json report = Parsed(Run(bundle));
  return sections.size() == 1 && report.contains(sections[0]) ? report[sections[0]] : report;
}

nlohmann::json RuntimeTest::Files(Bundle& bundle, const std::vector<std::string>& paths) {
  std::vector<std::string> args = {"files"};
  args.insert(args.end(), paths.begin(), paths.end());
  bundle.Probe(args);
  nlohmann::json files = Parsed(Run(bundle));
  return paths.size() == 1 && files.contains(paths[0]) ? files[paths[0]] : files;
}

std::vector<std::string> RuntimeTest::Try(Bundle& bundle, const std::vector<std::string>& calls) {
  std::vector<std::string> args = {"try"};
  args.insert(args.end(), calls.begin(), calls.end());
  bundle.Probe(args);
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 0) << output.err;
  std::vector<std::string> names;
  for (size_t at = 0, end = 0; (end = output.out.find('\n', at)) != std::string::npos;
       at = end + 1) {
    names.push_back(output.out.substr(at, end - at));
  }
  return names;
}

Process RuntimeTest::Create(const Bundle& bundle, const std::string& id,
                            const std::vector<std::string>& flags) {
  std::vector<std::string> args = {"create", "--bundle", bundle.directory()};
  args.insert(args.end(), flags.begin(), flags.end());
  args.push_back(id);
  Process process = Spawn(args);
  EXPECT_EQ(process.Wait(), 0) << "create " << id << ": " << process.Stderr();
  return process;
}

Process RuntimeTest::Launch(const Bundle& bundle, const std::string& id, const std::string& ready) {
  Process process = Create(bundle, id);
  const Output started = Runtime({"start", id});
  EXPECT_EQ(started.exit_code, 0) << "start " << id << ": " << started.err;
  if (!ready.empty()) {
    EXPECT_TRUE(process.WaitForOutput(ready)) << process.Stdout() << process.Stderr();
  }
  return process;
}

nlohmann::json RuntimeTest::State(const std::string& id) const {
  const Output output = Runtime({"state", id});
  return output.exit_code == 0 ? nlohmann::json::parse(output.out, nullptr, false)
                               : nlohmann::json();
}

pid_t RuntimeTest::PidOf(const std::string& id) const {
  const nlohmann::json state = State(id);
  return state.contains("pid") ? state["pid"].get<pid_t>() : -1;
}

bool RuntimeTest::WaitForStatus(const std::string& id, const std::string& status) const {
  return WaitUntil([&] {
    const nlohmann::json state = State(id);
    return state.contains("status") && state["status"] == status;
  });
}

void RuntimeTest::Stop(const std::string& id) const {
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0) << id;
  EXPECT_TRUE(WaitForStatus(id, "stopped")) << id;
  const Output deleted = Runtime({"delete", id});
  EXPECT_EQ(deleted.exit_code, 0) << "delete " << id << ": " << deleted.err;
}

void RuntimeTest::ExpectError(const Output& output, const std::string& text) {
  EXPECT_EQ(output.exit_code, 1) << output.err;
  EXPECT_FALSE(output.err.empty());
  EXPECT_NE(output.err.find(text), std::string::npos)
      << "expected \"" << text << "\" in: " << output.err;
}

}  // namespace mayfly::test
