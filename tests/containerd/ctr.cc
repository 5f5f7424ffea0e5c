#include "ctr.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "runtime/host.h"

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

std::string Environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

std::string SocketPath() {
  return Environment("MAYFLY_CONTAINERD_SOCKET",
                     Environment("MAYFLY_RUN", "/run/mayfly-dev") + "/containerd/containerd.sock");
}

}  // namespace

bool CtrTest::HasWasm() {
  const fs::path engines = fs::path(MAYFLY_TEST_RUNTIME_PATH).parent_path().parent_path();
  return fs::exists(MAYFLY_TEST_PROBE_WASM) &&
         fs::exists(engines / "lib/mayfly/engines/wasmtime.so");
}

void CtrTest::SetUp() {
  socket_ = SocketPath();
  if (::geteuid() != 0) {
    GTEST_SKIP() << "containerd's socket is root's";
  }
  if (!fs::exists(socket_)) {
    GTEST_SKIP() << "no containerd at " << socket_ << ": run ./dev containerd start";
  }
  if (const Output version = Ctr({"version"}); version.exit_code != 0) {
    GTEST_SKIP() << "containerd at " << socket_ << " does not answer: " << version.err;
  }
  std::string name = (fs::temp_directory_path() / "mayfly-containerd-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr) << name;
  directory_ = name;
  for (const char* mount_point : {"dev", "etc", "proc", "run", "sys", "tmp"}) {
    fs::create_directories(rootfs() / mount_point);
  }
  fs::copy_file(MAYFLY_TEST_PROBE, rootfs() / "probe");
  if (HasWasm()) {
    fs::copy_file(MAYFLY_TEST_PROBE_WASM, rootfs() / "probe.wasm");
    fs::permissions(rootfs() / "probe.wasm", static_cast<fs::perms>(0755));
  }
}

void CtrTest::TearDown() {
  if (directory_.empty()) {
    return;
  }
  for (const std::string& id : ids_) {
    if (!Status(id).empty()) {
      Ctr({"task", "rm", "--force", id});
    }
    Ctr({"container", "rm", id});
    EXPECT_EQ(CgroupsNamed(id), std::vector<std::string>()) << "cgroups left behind";
    EXPECT_EQ(ProcessesInCgroups(id), std::vector<pid_t>()) << "processes left behind";
  }
  const fs::path state = state_root() / name_space;
  EXPECT_TRUE(!fs::exists(state) || fs::is_empty(state)) << "state left in " << state;
  fs::remove_all(directory_);
}

std::string CtrTest::NewId() {
  const std::string name = directory_.filename();
  ids_.push_back("mft-" + name.substr(name.rfind('-') + 1) + "-" + std::to_string(ids_.size() + 1) +
                 "c");
  return ids_.back();
}

Output CtrTest::Ctr(const std::vector<std::string>& args) const {
  std::vector<std::string> line = {"ctr", "--address", socket_, "--namespace", name_space};
  line.insert(line.end(), args.begin(), args.end());
  return RunCommand(line);
}

std::vector<std::string> CtrTest::RunLine(const std::string& id,
                                          const std::vector<std::string>& flags,
                                          const std::vector<std::string>& args) const {
  std::vector<std::string> line = {"run", "--runtime", "io.containerd.mayfly.v1"};
  if (GetParam() == Shim::kRunc) {
    line = {"run", "--runc-binary", MAYFLY_TEST_RUNTIME_PATH, "--runc-root", state_root()};
  }
  line.insert(line.end(), flags.begin(), flags.end());
  line.insert(line.end(), args.begin(), args.end());
  line.insert(line.end() - static_cast<long>(args.size()) + 1, id);
  return line;
}

Output CtrTest::Run(const std::vector<std::string>& args, const std::vector<std::string>& flags) {
  std::vector<std::string> all = {"--rm", "--rootfs"};
  all.insert(all.end(), flags.begin(), flags.end());
  std::vector<std::string> line = {rootfs()};
  line.insert(line.end(), args.begin(), args.end());
  return Ctr(RunLine(NewId(), all, line));
}

std::string CtrTest::Launch(const std::vector<std::string>& args,
                            const std::vector<std::string>& flags) {
  const std::string id = NewId();
  std::vector<std::string> all = {"--detach", "--rootfs"};
  all.insert(all.end(), flags.begin(), flags.end());
  std::vector<std::string> line = {rootfs()};
  line.insert(line.end(), args.begin(), args.end());
  const Output output = Ctr(RunLine(id, all, line));
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_TRUE(WaitUntil([&] { return Status(id) == "RUNNING"; })) << Status(id);
  return id;
}

std::string CtrTest::Status(const std::string& id) const {
  std::istringstream lines(Ctr({"task", "ls"}).out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string task, pid, status;
    fields >> task >> pid >> status;
    if (task == id) {
      return status;
    }
  }
  return "";
}

}  // namespace mayfly::test
