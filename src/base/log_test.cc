#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/file.h"

namespace mayfly::base {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override { ::unlink(path_.c_str()); }
  Log Open(LogFormat format, LogLevel lowest = LogLevel::kInfo) {
    auto log = Log::OpenFile(path_, format, lowest);
    EXPECT_TRUE(log) << log.error().text();
    return std::move(*log);
  }
  std::string Text() const { return ReadFile(path_).value_or("unreadable"); }

  std::string path_ = ::testing::TempDir() + "mayfly-log-" + std::to_string(::getpid());
};

const std::regex kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)");

// containerd reads level, msg and time of each line.
TEST_F(LogTest, JsonLinesAreRuncs) {
  Log log = Open(LogFormat::kJson);
  log.Write(LogLevel::kError, "mount \"/proc\":\nOperation not permitted\t\\");
  const auto line = nlohmann::json::parse(Text());
  EXPECT_EQ(line["level"], "error");
  EXPECT_EQ(line["msg"], "mount \"/proc\":\nOperation not permitted\t\\");
  EXPECT_TRUE(std::regex_match(line["time"].get<std::string>(), kTime));
  EXPECT_EQ(line.size(), 3U);
  EXPECT_EQ(Text().find('\n'), Text().size() - 1);
}

TEST_F(LogTest, TextLines) {
  Open(LogFormat::kText).Warning("{} of {}", 1, 2);
  EXPECT_TRUE(
      std::regex_match(Text(), std::regex("time=\"[^\"]*\" level=warning msg=\"1 of 2\"\n")))
      << Text();
}

TEST_F(LogTest, EventsBelowTheLevelAreDropped) {
  Log log = Open(LogFormat::kText);
  log.Debug("unseen {}", 1);
  log.Write(LogLevel::kDebug, "unseen");
  EXPECT_EQ(Text(), "");
  log.Write(LogLevel::kInfo, "seen");
  EXPECT_NE(Text().find("seen"), std::string::npos);
  Open(LogFormat::kText, LogLevel::kDebug).Debug("now {}", "visible");
  EXPECT_NE(Text().find("level=debug msg=\"now visible\""), std::string::npos);
}

TEST_F(LogTest, AnExistingLogIsContinued) {
  Open(LogFormat::kText).Warning("first");
  Open(LogFormat::kText).Warning("second");
  EXPECT_LT(Text().find("first"), Text().find("second"));
}

// A guest's bytes can stand in an error's text.
TEST_F(LogTest, BytesThatAreNotUtf8StillMakeJson) {
  Open(LogFormat::kJson).Write(LogLevel::kError, "bad \xff\xfe bytes");
  EXPECT_TRUE(nlohmann::json::accept(Text())) << Text();
}

TEST_F(LogTest, WithoutAFileNothingHappens) {
  Log log;
  log.Write(LogLevel::kError, "nowhere");
  log.Debug("nowhere");
  EXPECT_FALSE(PathExists(path_));
}

TEST_F(LogTest, APathThatCannotBeOpenedIsAnError) {
  const auto log = Log::OpenFile("/nonexistent/dir/log", LogFormat::kText, LogLevel::kInfo);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().text().find("/nonexistent/dir/log"), std::string::npos);
}

TEST(TimeTest, Rfc3339) { EXPECT_TRUE(std::regex_match(Rfc3339Now(), kTime)) << Rfc3339Now(); }

}  // namespace
}  // namespace mayfly::base
