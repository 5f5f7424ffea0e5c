// hooks: when they run, where, what they get, and what their failure does.
#include <sys/time.h>

#include <sstream>

#include "fixture.h"

namespace mayfly::test {

namespace fs = std::filesystem;

using nlohmann::json;

class HooksTest : public RuntimeTest {
 protected:
  // A hook that appends a line about itself to a file.
  static json Note(const std::string& program, const fs::path& file, const std::string& name) {
    return {{"path", program},
            {"args", {"hook-" + name, "note", file.string(), name}},
            {"env", {"NAME=" + name}}};
  }
  fs::path HostLog() const { return directory() / "hooks.log"; }

  // Notes of all kinds; those that run in the container's view leave theirs in the rootfs.
  void AddAll(Bundle& bundle) const {
    const std::string host = MAYFLY_TEST_PROBE;
    json& hooks = bundle.config["hooks"];
    for (const char* kind :
         {"prestart", "createRuntime", "createContainer", "poststart", "poststop"}) {
      hooks[kind] = {Note(host, HostLog(), kind), Note(host, HostLog(), std::string(kind) + "2")};
    }
    hooks["startContainer"] = {Note("/probe", "/hooks.log", "startContainer")};
    WriteFile(bundle.rootfs() / "hooks.log", "");
    bundle.Save();
  }

  static std::vector<json> Notes(const fs::path& file) {
    std::vector<json> notes;
    std::istringstream lines(ReadFile(file));
    for (std::string line; std::getline(lines, line);) {
      notes.push_back(json::parse(line, nullptr, false));
    }
    return notes;
  }
  static std::vector<std::string> Names(const fs::path& file) {
    std::vector<std::string> names;
    for (const json& note : Notes(file)) {
      names.push_back(note["args"].back());
    }
    return names;
  }
  static json Shell(const std::string& script) {
    return {{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}};
  }
};

TEST_F(HooksTest, RunInOrderWithStateAndEnvironment) {
  Bundle bundle = MakeBundle();
  AddAll(bundle);
  bundle.config["annotations"] = {{"a", "b"}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Create(bundle, id);
  const std::vector<std::string> created = {"prestart",        "prestart2",
                                            "createRuntime",   "createRuntime2",
                                            "createContainer", "createContainer2"};
  EXPECT_EQ(Names(HostLog()), created);
  EXPECT_EQ(Names(bundle.rootfs() / "hooks.log"), std::vector<std::string>{});
  ASSERT_EQ(Runtime({"start", id}).exit_code, 0);
  const pid_t pid = PidOf(id);
  EXPECT_EQ(Names(bundle.rootfs() / "hooks.log"), std::vector<std::string>{"startContainer"});
  EXPECT_EQ(Names(HostLog()).back(), "poststart2");
  Stop(id);
  const std::vector<json> notes = Notes(HostLog());
  ASSERT_EQ(notes.size(), 10U);
  EXPECT_EQ(notes[9]["args"].back(), "poststop2");
  const auto status = [&](size_t i) { return notes[i]["stdin"]["status"]; };
  EXPECT_EQ(status(0), "creating");
  EXPECT_EQ(status(2), "creating");
  EXPECT_EQ(status(4), "creating");
  EXPECT_EQ(status(6), "running");
  EXPECT_EQ(status(8), "stopped");
  for (const json& note : notes) {
    SCOPED_TRACE(note.dump());
    EXPECT_EQ(note["env"], json({"NAME=" + note["args"].back().get<std::string>()}));
    EXPECT_EQ(note["argv0"], "hook-" + note["args"].back().get<std::string>());
    EXPECT_EQ(note["stdin"]["id"], id);
    EXPECT_EQ(note["stdin"]["bundle"], bundle.directory().string());
    EXPECT_EQ(note["stdin"]["annotations"]["a"], "b");
  }
  EXPECT_EQ(notes[0]["stdin"]["pid"], pid);
  EXPECT_EQ(notes[6]["stdin"]["pid"], pid);
}

// createContainer: the container's mounts, the host's paths. startContainer: the container's view.
TEST_F(HooksTest, RunInTheirNamespaces) {
  Bundle bundle = MakeBundle();
  AddAll(bundle);
  bundle.config["process"]["user"] = {{"uid", 1000}, {"gid", 1000}};
  fs::permissions(bundle.rootfs() / "hooks.log", fs::perms::all);
  bundle.Probe({"exit", "0"});
  const Output output = Run(bundle);
  ASSERT_EQ(output.exit_code, 0) << output.err;
  std::vector<json> notes = Notes(HostLog());
  ASSERT_EQ(notes.size(), 10U);
  const std::string own = NamespaceOf(::getpid(), "mnt");
  EXPECT_EQ(notes[0]["mnt"], own);
  EXPECT_EQ(notes[2]["mnt"], own);
  EXPECT_NE(notes[4]["mnt"], own);
  EXPECT_EQ(notes[6]["mnt"], own);
  EXPECT_EQ(notes[8]["mnt"], own);
  std::vector<json> inside = Notes(bundle.rootfs() / "hooks.log");
  ASSERT_EQ(inside.size(), 1U);
  EXPECT_EQ(inside[0]["uid"], 1000);
  EXPECT_EQ(inside[0]["cwd"], "/");
  EXPECT_EQ(inside[0]["mnt"], notes[4]["mnt"]);
  EXPECT_EQ(inside[0]["stdin"]["status"], "created");
  EXPECT_EQ(inside[0]["stdin"]["pid"], 1);
}

// Docker's network hook needs the namespaces of a process that is not running yet.
TEST_F(HooksTest, PrestartSeesTheNamespacesOfTheInit) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"]["prestart"] = {
      Shell("pid=$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net > " +
            HostLog().string())};
  bundle.Probe({"report", "namespaces"});
  const Output output = Run(bundle);
  ASSERT_EQ(output.exit_code, 0) << output.err;
  const std::string seen = ReadFile(HostLog());
  ASSERT_TRUE(seen.starts_with("net:")) << seen;
  EXPECT_NE(output.out.find(seen.substr(0, seen.size() - 1)), std::string::npos) << output.out;
}

TEST_F(HooksTest, AFailingHookEndsCreateAndCleansUp) {
  for (const char* kind : {"prestart", "createRuntime", "createContainer"}) {
    SCOPED_TRACE(kind);
    Bundle bundle = MakeBundle();
    bundle.config["hooks"][kind] = {Shell("echo no such bridge >&2; exit 3")};
    bundle.config["hooks"]["poststop"] = {Note(MAYFLY_TEST_PROBE, HostLog(), kind)};
    bundle.Save();
    const std::string id = NewId();
    ExpectError(Runtime({"create", "--bundle", bundle.directory(), id}),
                std::string("hooks.") + kind + "[0]: /bin/sh: exit status 3: no such bridge");
    EXPECT_TRUE(State(id).is_null());
    EXPECT_EQ(Names(HostLog()).back(), kind);
  }
}

TEST_F(HooksTest, AFailingStartContainerHookEndsStart) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"]["startContainer"] = {
      {{"path", "/probe"}, {"args", {"probe", "exit", "4"}}}};
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process process = Create(bundle, id);
  ExpectError(Runtime({"start", id}), "hooks.startContainer[0]: /probe: exit status 4");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Run(bundle), "hooks.startContainer[0]");
}

// "the runtime MUST log a warning, but the remaining hooks and lifecycle continue".
TEST_F(HooksTest, FailingLateHooksAreWarnings) {
  Bundle bundle = MakeBundle();
  for (const char* kind : {"poststart", "poststop"}) {
    bundle.config["hooks"][kind] = {Shell("exit 5"), Note(MAYFLY_TEST_PROBE, HostLog(), kind)};
  }
  bundle.Probe({"exit", "6"});
  const fs::path log = directory() / "log";
  const Output output = Runtime({"--log", log, "run", "--bundle", bundle.directory(), NewId()});
  EXPECT_EQ(output.exit_code, 6) << output.err;
  EXPECT_EQ(Names(HostLog()), (std::vector<std::string>{"poststart", "poststop"}));
  EXPECT_NE(ReadFile(log).find("hooks.poststart[0]: /bin/sh: exit status 5"), std::string::npos);
  EXPECT_NE(ReadFile(log).find("hooks.poststop[0]: /bin/sh: exit status 5"), std::string::npos);
}

TEST_F(HooksTest, AHookThatTakesTooLongIsEnded) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"]["createRuntime"] = {Shell("sleep 100 & sleep 100")};
  bundle.config["hooks"]["createRuntime"][0]["timeout"] = 1;
  bundle.Save();
  ExpectError(Run(bundle), "hooks.createRuntime[0]: /bin/sh: did not end within 1 s");
}

TEST_F(HooksTest, AMissingProgramIsNamed) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"]["prestart"] = {{{"path", "/no/such/hook"}}};
  bundle.Save();
  const Output output = Run(bundle);
  ExpectError(output, "hooks.prestart[0]: /no/such/hook");
  EXPECT_NE(output.err.find("No such file"), std::string::npos) << output.err;
}

TEST_F(HooksTest, GetNoDescriptorOfTheRuntimes) {
  Bundle bundle = MakeBundle();
  bundle.config["hooks"]["createContainer"] = {
      Shell("ls -l /proc/self/fd > " + HostLog().string())};
  bundle.Probe({"exit", "0"});
  ASSERT_EQ(Run(bundle).exit_code, 0);
  const std::string listed = ReadFile(HostLog());
  EXPECT_EQ(listed.find("socket:"), std::string::npos) << listed;
  EXPECT_EQ(listed.find(directory().string() + "/state"), std::string::npos) << listed;
}

}  // namespace mayfly::test
