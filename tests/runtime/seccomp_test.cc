// seccomp: the filter that the guest runs under, native and Wasm, and the listener of one that
// notifies.
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "fixture.h"
#include "system_calls.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using nlohmann::json;
using SeccompTest = RuntimeTest;

namespace {

json Rule(const std::vector<std::string>& names, const std::string& action) {
  return {{"names", names}, {"action", action}};
}

json Profile(const std::string& default_action, const std::vector<json>& rules) {
  return {{"defaultAction", default_action}, {"syscalls", rules}};
}

// What engines leave to containers by default (docs.docker.com/engine/security/seccomp): everything
// but the calls that manage the machine, and namespaces only with a capability.
json LikeDockersDefault() {
  const std::vector<std::string> denied = {"acct",
                                           "add_key",
                                           "bpf",
                                           "clock_adjtime",
                                           "clock_settime",
                                           "create_module",
                                           "delete_module",
                                           "finit_module",
                                           "fsconfig",
                                           "fsmount",
                                           "fsopen",
                                           "fspick",
                                           "get_kernel_syms",
                                           "get_mempolicy",
                                           "init_module",
                                           "ioperm",
                                           "iopl",
                                           "kcmp",
                                           "kexec_file_load",
                                           "kexec_load",
                                           "keyctl",
                                           "lookup_dcookie",
                                           "mbind",
                                           "mount",
                                           "mount_setattr",
                                           "move_mount",
                                           "move_pages",
                                           "name_to_handle_at",
                                           "nfsservctl",
                                           "open_by_handle_at",
                                           "open_tree",
                                           "perf_event_open",
                                           "pivot_root",
                                           "process_vm_readv",
                                           "process_vm_writev",
                                           "query_module",
                                           "quotactl",
                                           "reboot",
                                           "request_key",
                                           "set_mempolicy",
                                           "setdomainname",
                                           "sethostname",
                                           "setns",
                                           "settimeofday",
                                           "swapoff",
                                           "swapon",
                                           "sysfs",
                                           "_sysctl",
                                           "umount",
                                           "umount2",
                                           "unshare",
                                           "uselib",
                                           "userfaultfd",
                                           "ustat",
                                           "vm86",
                                           "vm86old",
                                           "io_uring_setup",
                                           "io_uring_enter",
                                           "io_uring_register"};
  json profile = Profile("SCMP_ACT_ERRNO", {});
  profile["defaultErrnoRet"] = 1;
  profile["architectures"] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
  std::vector<std::string> allowed;
  for (const std::string_view name : kSystemCalls) {
    if (std::find(denied.begin(), denied.end(), name) == denied.end() && name != "clone" &&
        name != "clone3") {
      allowed.emplace_back(name);
    }
  }
  profile["syscalls"].push_back(Rule(allowed, "SCMP_ACT_ALLOW"));
  // clone without flags for namespaces; clone3 hides its flags and is told not to exist.
  json clone = Rule({"clone"}, "SCMP_ACT_ALLOW");
  clone["args"] = {
      {{"index", 0}, {"value", 2114060288}, {"valueTwo", 0}, {"op", "SCMP_CMP_MASKED_EQ"}}};
  profile["syscalls"].push_back(clone);
  return profile;
}

// Takes the listener that the runtime sends and answers every call with one errno.
class Agent {
 public:
  explicit Agent(fs::path path) : path_(std::move(path)) {
    listener_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Agent() { Join(); }
  void Join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  json state;
  int answered = 0;

 private:
  void Serve() {
    const base::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 16384> text;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec bytes{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (got <= 0 || header == nullptr || header->cmsg_type != SCM_RIGHTS) {
      return;
    }
    int number = -1;
    std::memcpy(&number, CMSG_DATA(header), sizeof number);
    const base::UniqueFd notifications(number);
    state = json::parse(std::string(text.data(), static_cast<size_t>(got)), nullptr, false);
    while (Answer(notifications.get())) {
      ++answered;
    }
  }

  // False when the last process under the filter is gone.
  static bool Answer(int notifications) {
    pollfd waiting{notifications, POLLIN, 0};
    if (::poll(&waiting, 1, -1) < 0 || (waiting.revents & POLLIN) == 0) {
      return false;
    }
    seccomp_notif asked{};
    if (::ioctl(notifications, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
      return errno == EINTR;
    }
    seccomp_notif_resp answer{};
    answer.id = asked.id;
    answer.error = -ENOMEDIUM;
    return ::ioctl(notifications, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0 || errno == ENOENT;
  }

  fs::path path_;
  base::UniqueFd listener_;
  std::thread thread_;
};

}  // namespace

TEST_F(SeccompTest, RulesHoldForTheGuest) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW",
              {{{"names", {"chmod", "fchmodat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 95}}});
  EXPECT_EQ(Try(bundle, {"chmod", "/tmp", "755", ",", "open", "/etc/passwd", "r"}),
            (std::vector<std::string>{"95", "0"}));
  json seen = Report(bundle, {"confinement"});
  EXPECT_EQ(seen["seccomp"], "2");
  EXPECT_EQ(seen["filters"], "1");
}

TEST_F(SeccompTest, WithoutAProfileThereIsNoFilter) {
  Bundle bundle = MakeBundle();
  EXPECT_EQ(Report(bundle, {"confinement"})["seccomp"], "0");
}

// Loading a filter then needs a capability, which the guest does not get to keep.
TEST_F(SeccompTest, WithoutNoNewPrivilegesTheFilterHoldsAndTheCapabilityIsGone) {
  Bundle bundle = MakeBundle();
  bundle.config["process"]["noNewPrivileges"] = false;
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_ERRNO")});
  EXPECT_EQ(Try(bundle, {"chmod", "/tmp", "755", ",", "hostname", "x"}),
            (std::vector<std::string>{"EPERM", "EPERM"}));
  for (const int uid : {0, 1000}) {
    SCOPED_TRACE(uid);
    bundle.config["process"]["user"] = {{"uid", uid}, {"gid", uid}};
    json seen = Report(bundle, {"capabilities", "confinement", "process"});
    EXPECT_EQ(seen["confinement"]["seccomp"], "2");
    EXPECT_EQ(seen["process"]["no_new_privs"], false);
    EXPECT_EQ(seen["capabilities"].dump().find("21"), std::string::npos) << seen["capabilities"];
  }
}

// The runtime's own steps come before the filter: of the calls that a program needs, only its own
// have to be allowed.
TEST_F(SeccompTest, AProfileNeedsNotAllowWhatTheRuntimeDoes) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"pivot_root", "mount", "move_mount", "accept4", "accept",
                                       "recvfrom", "sendto", "setresuid", "setresgid", "setgroups",
                                       "prctl", "chdir", "close_range", "setns", "unshare"},
                                      "SCMP_ACT_KILL_PROCESS")});
  for (const bool no_new_privileges : {true, false}) {
    bundle.config["process"]["noNewPrivileges"] = no_new_privileges;
    bundle.Probe({"exit", "7"});
    const Output output = Run(bundle);
    EXPECT_EQ(output.exit_code, 7) << output.err;
    const std::string id = NewId();
    bundle.Probe({"sleep"});
    const Process process = Launch(bundle, id);
    Stop(id);
  }
}

TEST_F(SeccompTest, HoldsForProcessesThatAreAdded) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_ERRNO")});
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Launch(bundle, id);
  const Output output = Runtime({"exec", id, "/probe", "try", "chmod", "/tmp", "755"});
  EXPECT_EQ(output.out, "EPERM\n") << output.err;
  Stop(id);
}

TEST_F(SeccompTest, KillsAsAsked) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_KILL_PROCESS")});
  bundle.Probe({"try", "chmod", "/tmp", "755"});
  EXPECT_EQ(Run(bundle).exit_code, 128 + 31);
}

TEST_F(SeccompTest, ProfilesLikeDockersDefaultForNativeAndWasm) {
  for (const Guest guest : {Guest::kNative, Guest::kWasm}) {
    SCOPED_TRACE(guest == Guest::kWasm ? "wasm" : "native");
    if (guest == Guest::kWasm && std::string_view(MAYFLY_TEST_PROBE_WASM).empty()) {
      GTEST_SKIP() << "no WASI toolchain";
    }
    for (const bool no_new_privileges : {true, false}) {
      Bundle bundle = MakeBundle(guest);
      bundle.config["process"]["noNewPrivileges"] = no_new_privileges;
      bundle.config["linux"]["seccomp"] = LikeDockersDefault();
      bundle.Probe({"exit", "6"});
      const Output output = Run(bundle);
      EXPECT_EQ(output.exit_code, 6) << output.err;
    }
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] = LikeDockersDefault();
  bundle.Capabilities({"CAP_SYS_ADMIN"});
  EXPECT_EQ(Try(bundle, {"mount", "none", "/tmp", "tmpfs", ",", "syscall", "452", ",", "open",
                         "/etc/passwd", "r"}),
            (std::vector<std::string>{"EPERM", "38", "0"}));
}

TEST_F(SeccompTest, ACompiledFilterIsKeptForTheNextContainer) {
  if (IsRunc()) {
    GTEST_SKIP() << "Mayfly's own";
  }
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_ERRNO")});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Try(bundle, {"chmod", "/tmp", "755"}), std::vector<std::string>{"EPERM"});
  }
  size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(state_root() / ".seccomp")) {
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write);
    ++kept;
  }
  EXPECT_EQ(kept, 1U);
  EXPECT_EQ(Runtime({"list", "--quiet"}).out, "");
  ExpectError(Runtime({"create", "--bundle", bundle.directory(), ".seccomp"}),
              "invalid container id");
}

TEST_F(SeccompTest, AnExecNotifiesTheAgentToo) {
  Bundle bundle = MakeBundle();
  const fs::path path = bundle.directory() / "agent.sock";
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_NOTIFY")});
  bundle.config["linux"]["seccomp"]["listenerPath"] = path.string();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  Agent of_init(path);
  const Process container = Launch(bundle, id);
  fs::remove(path);
  Agent of_exec(path);
  const Output output = Runtime({"exec", id, "/probe", "try", "chmod", "/tmp", "755"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  EXPECT_NE(output.out.find("123"), std::string::npos) << output.out;  // ENOMEDIUM
  of_exec.Join();
  EXPECT_EQ(of_exec.answered, 1);
  EXPECT_EQ(of_exec.state["state"]["status"], "running") << of_exec.state;
  EXPECT_NE(of_exec.state["pid"].get<int>(), PidOf(id));
  Stop(id);
  of_init.Join();
  EXPECT_EQ(of_init.answered, 0);
}

TEST_F(SeccompTest, NotifiesTheAgent) {
  for (const bool no_new_privileges : {true, false}) {
    SCOPED_TRACE(no_new_privileges);
    Bundle bundle = MakeBundle();
    const fs::path path = bundle.directory() / "agent.sock";
    bundle.config["process"]["noNewPrivileges"] = no_new_privileges;
    bundle.config["annotations"] = {{"a", "b"}};
    bundle.config["linux"]["seccomp"] =
        Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_NOTIFY")});
    bundle.config["linux"]["seccomp"]["listenerPath"] = path.string();
    bundle.config["linux"]["seccomp"]["listenerMetadata"] = "for the agent";
    bundle.config["linux"]["seccomp"]["flags"] = {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
    Agent agent(path);
    EXPECT_EQ(Try(bundle, {"chmod", "/tmp", "755", ",", "open", "/etc/passwd", "r"}),
              (std::vector<std::string>{"123", "0"}));
    agent.Join();
    EXPECT_EQ(agent.answered, 1);
    EXPECT_EQ(agent.state["fds"], json({"seccompFd"})) << agent.state;
    EXPECT_EQ(agent.state["metadata"], "for the agent");
    EXPECT_EQ(agent.state["state"]["status"], "creating");
    EXPECT_EQ(agent.state["state"]["bundle"], bundle.directory().string());
    EXPECT_EQ(agent.state["state"]["annotations"]["a"], "b");
    EXPECT_GT(agent.state["pid"].get<int>(), 1);
  }
}

TEST_F(SeccompTest, AMissingAgentEndsCreate) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["seccomp"] =
      Profile("SCMP_ACT_ALLOW", {Rule({"chmod"}, "SCMP_ACT_NOTIFY")});
  bundle.config["linux"]["seccomp"]["listenerPath"] = "/nowhere/agent.sock";
  bundle.Save();
  ExpectError(Run(bundle), "/nowhere/agent.sock");
}

}  // namespace mayfly::test
