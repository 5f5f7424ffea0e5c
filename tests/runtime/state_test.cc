// state, list and --root: what the runtime says of its containers.
#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using StateTest = RuntimeTest;

TEST_F(StateTest, StateHasTheFieldsOfTheSpecification) {
  Bundle bundle = MakeBundle();
  bundle.config["annotations"] = {{"org.example.key", "a value"}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  nlohmann::json state = State(id);
  EXPECT_TRUE(state["ociVersion"].is_string());
  EXPECT_EQ(state["id"], id);
  EXPECT_EQ(state["status"], "running");
  EXPECT_TRUE(IsAlive(state["pid"].get<pid_t>()));
  EXPECT_EQ(state["bundle"], bundle.directory().string());
  EXPECT_EQ(state["annotations"]["org.example.key"], "a value");
  // runc's own additions, which its callers read.
  EXPECT_EQ(state["rootfs"], bundle.rootfs().string());
  EXPECT_TRUE(state["created"].is_string());
}

TEST_F(StateTest, AStoppedContainerHasNoPid) {
  Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  EXPECT_EQ(State(id)["pid"], 0);
}

// What state and kill need is in the state directory.
TEST_F(StateTest, TheStateOutlivesTheBundle) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  fs::remove(bundle.directory() / "config.json");
  EXPECT_EQ(State(id)["status"], "running");
  Stop(id);
}

TEST_F(StateTest, ListAsTable) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const Output output = Runtime({"list"});
  EXPECT_EQ(output.exit_code, 0) << output.err;
  for (const std::string& word :
       {std::string("ID"), std::string("PID"), std::string("STATUS"), std::string("BUNDLE"),
        std::string("CREATED"), id, std::to_string(PidOf(id)), std::string("running"),
        bundle.directory().string()}) {
    EXPECT_NE(output.out.find(word), std::string::npos) << word << " in:\n" << output.out;
  }
}

TEST_F(StateTest, ListAsJsonAndQuiet) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string running = NewId();
  const std::string created = NewId();
  const Process one = Launch(bundle, running);
  const Process two = Create(bundle, created);
  nlohmann::json list =
      nlohmann::json::parse(Runtime({"list", "--format", "json"}).out, nullptr, false);
  ASSERT_TRUE(list.is_array());
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["id"], running);
  EXPECT_EQ(list[0]["status"], "running");
  EXPECT_EQ(list[0]["pid"], PidOf(running));
  EXPECT_EQ(list[1]["id"], created);
  EXPECT_EQ(list[1]["status"], "created");
  EXPECT_EQ(Runtime({"list", "-q"}).out, running + "\n" + created + "\n");
}

TEST_F(StateTest, ListOfNothing) {
  const Output never_used = Runtime({"list", "-q"});
  EXPECT_EQ(never_used.exit_code, 0) << never_used.err;
  EXPECT_EQ(never_used.out, "");
  fs::create_directories(state_root());
  const Output empty = Runtime({"list", "-q"});
  EXPECT_EQ(empty.exit_code, 0) << empty.err;
  EXPECT_EQ(empty.out, "");
}

TEST_F(StateTest, ListWithAnUnknownFormatIsAnError) {
  EXPECT_NE(Runtime({"list", "--format", "yaml"}).exit_code, 0);
}

TEST_F(StateTest, RootsAreApart) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const std::string other_root = directory() / "other";
  const Output unseen = RunCommand({RuntimePath(), "--root", other_root, "state", id});
  ExpectError(unseen, "does not exist");
  EXPECT_EQ(RunCommand({RuntimePath(), "--root", other_root, "list", "-q"}).out, "");
}

TEST_F(StateTest, TheStateDirectoryIsPrivate) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  const auto others = fs::perms::others_all | fs::perms::group_write;
  EXPECT_EQ(fs::status(state_root() / id).permissions() & (others & ~fs::perms::others_exec),
            fs::perms::none);
}

}  // namespace mayfly::test
