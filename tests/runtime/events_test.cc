// events: figures and OOM kills in runc's form.
#include "fixture.h"

namespace mayfly::test {

class EventsTest : public RuntimeTest {
 protected:
  static std::vector<nlohmann::json> Lines(const std::string& text) {
    std::vector<nlohmann::json> lines;
    for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(nlohmann::json::parse(text.substr(at, end - at), nullptr, false));
      EXPECT_FALSE(lines.back().is_discarded()) << text;
    }
    return lines;
  }
};

TEST_F(EventsTest, StatsOnce) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 64 << 20}};
  bundle.config["linux"]["resources"]["pids"] = {{"limit", 44}};
  bundle.Probe({"fork", "2"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "forked");
  const Output output = Runtime({"events", "--stats", id});
  ASSERT_EQ(output.exit_code, 0) << output.err;
  auto lines = Lines(output.out);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["type"], "stats");
  EXPECT_EQ(lines[0]["id"], id);
  nlohmann::json& data = lines[0]["data"];
  EXPECT_EQ(data["pids"]["current"], 3);
  EXPECT_EQ(data["pids"]["limit"], 44);
  EXPECT_EQ(data["memory"]["usage"]["limit"], 64 << 20);
  EXPECT_GT(data["memory"]["usage"]["usage"], 0);
  EXPECT_GT(data["cpu"]["usage"]["total"], 0);
  EXPECT_TRUE(data["cpu"]["usage"].contains("kernel"));
  EXPECT_TRUE(data["memory"]["raw"].is_object());
  for (const char* name : {"blkio", "hugetlb", "intel_rdt"}) {
    EXPECT_TRUE(data[name].is_object()) << name;
  }
}

TEST_F(EventsTest, FiguresComeAtTheIntervalUntilTheContainerEnds) {
  Bundle bundle = MakeBundle();
  bundle.Probe({"sleep"});
  const std::string id = NewId();
  const Process container = Launch(bundle, id);
  Process events = Spawn({"events", "--interval", "50ms", id});
  EXPECT_TRUE(WaitUntil([&] { return Lines(events.Stdout()).size() >= 3; }));
  EXPECT_EQ(Runtime({"kill", id, "KILL"}).exit_code, 0);
  if (IsRunc()) {
    return;  // ends only when the cgroup is gone
  }
  EXPECT_EQ(events.Wait(), 0) << events.Stderr();
}

TEST_F(EventsTest, AnOomKillIsAnEvent) {
  Bundle bundle = MakeBundle();
  bundle.config["linux"]["resources"]["memory"] = {{"limit", 16 << 20}, {"swap", 16 << 20}};
  const std::string id = NewId();
  bundle.Probe({"sleep"});
  const Process container = Launch(bundle, id);
  Process events = Spawn({"events", "--interval", "60s", id});
  PauseMilliseconds(200);
  const Output alloc = Runtime({"exec", id, "/probe", "alloc", "64"});
  EXPECT_EQ(alloc.exit_code, 137) << alloc.err;
  EXPECT_TRUE(events.WaitForOutput("\"oom\"")) << events.Stdout() << events.Stderr();
  const auto lines = Lines(events.Stdout());
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines[0], nlohmann::json({{"type", "oom"}, {"id", id}}));
}

TEST_F(EventsTest, WrongUse) {
  const Bundle bundle = MakeBundle();
  const std::string id = NewId();
  const Process container = Launch(bundle, id, "");
  EXPECT_TRUE(WaitForStatus(id, "stopped"));
  ExpectError(Runtime({"events", "--stats", id}), "is not running");
  ExpectError(Runtime({"events", "--stats", "nobody"}), "does not exist");
  if (!IsRunc()) {
    ExpectError(Runtime({"events", "--interval", "0s", id}), "--interval");
  }
}

}  // namespace mayfly::test
