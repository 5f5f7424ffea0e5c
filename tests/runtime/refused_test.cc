// What this version cannot do is refused with the field's name wherever ignoring it would leave the
// container less confined than, or different from, what was asked for.
#include "fixture.h"

namespace mayfly::test {

namespace {

struct Refused {
  const char* pointer;
  const char* value;
  const char* field;
};

constexpr Refused kRefused[] = {
    {"/process/scheduler", "{\"policy\": \"SCHED_FAST\"}", "process.scheduler.policy"},
    {"/linux/uidMappings", "[{\"containerID\": 0, \"hostID\": 1000, \"size\": 10}]",
     "linux.uidMappings"},
    {"/linux/timeOffsets", "{\"boottime\": {\"secs\": 100, \"nanosecs\": 0}}",
     "linux.timeOffsets.boottime"},
    {"/linux/intelRdt", "{\"closID\": \"a\"}", "linux.intelRdt"},
    {"/linux/netDevices", "{\"a/b\": {}}", "linux.netDevices.a/b"},
    {"/linux/netDevices", "{\"eth0\": {\"name\": \"e%s\"}}", "linux.netDevices.eth0.name"},
    {"/linux/personality", "{\"domain\": \"LINUX32\", \"flags\": [\"X\"]}",
     "linux.personality.flags"},
    {"/linux/namespaces/-", "{\"type\": \"disk\"}", "linux.namespaces[5].type"},
    {"/vm", "{\"kernel\": {\"path\": \"/vmlinuz\"}}", "vm"},
};

}  // namespace

using RefusedTest = RuntimeTest;

TEST_F(RefusedTest, UnsupportedFieldsAreNamed) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc supports most of them";
  }
  for (const Refused& refused : kRefused) {
    SCOPED_TRACE(refused.pointer);
    Bundle bundle = MakeBundle();
    bundle.config[nlohmann::json::json_pointer(refused.pointer)] =
        nlohmann::json::parse(refused.value);
    bundle.Save();
    ExpectError(Run(bundle), std::string("config.json: ") + refused.field);
    ExpectError(Runtime({"create", "--bundle", bundle.directory(), NewId()}), refused.field);
    std::filesystem::remove_all(bundle.directory());
  }
}

// Callers write these fields empty when they want nothing of them.
TEST_F(RefusedTest, EmptyFieldsAskForNothing) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"] = {{"prestart", nlohmann::json::array()}};
  bundle.config["process"]["apparmorProfile"] = "";
  bundle.config["process"]["selinuxLabel"] = "";
  bundle.config["process"]["consoleSize"] = {{"height", 0}, {"width", 0}};
  bundle.config["linux"]["mountLabel"] = "";
  bundle.config["linux"]["uidMappings"] = nlohmann::json::array();
  bundle.config["linux"]["seccomp"] = nullptr;
  bundle.config["linux"]["resources"]["blockIO"] = nlohmann::json::object();
  bundle.Probe({"exit", "5"});
  const Output output = Run(bundle);
  EXPECT_EQ(output.exit_code, 5) << output.err;
}

// The specification: "Runtimes MUST NOT generate an error if they encounter an unknown property".
TEST_F(RefusedTest, UnknownFieldsAreIgnored) {
  Bundle bundle = MakeBundle();
  bundle.config["futureField"] = {{"a", 1}};
  bundle.config["process"]["futureField"] = true;
  bundle.config["linux"]["futureField"] = "x";
  bundle.Probe({"exit", "5"});
  EXPECT_EQ(Run(bundle).exit_code, 5);
}

TEST_F(RefusedTest, CommandsThatAreNotThereSaySo) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc has them";
  }
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"checkpoint", id}, {"restore", id}}) {
    SCOPED_TRACE(args[0]);
    ExpectError(Runtime(args), args[0] + ": not supported");
  }
  EXPECT_EQ(State(id)["status"], "running");
}

TEST_F(RefusedTest, OptionsThatAreNotThereSaySo) {
  if (IsRunc()) {
    GTEST_SKIP() << "runc has them";
  }
  const Bundle bundle = MakeBundle();
  ExpectError(Runtime({"create", "--console-socket", "/tmp/none.sock", "--bundle",
                       bundle.directory(), NewId()}),
              "--console-socket");
  ExpectError(Runtime({"--systemd-cgroup", "run", "--bundle", bundle.directory(), NewId()}),
              "--systemd-cgroup");
}

}  // namespace mayfly::test
