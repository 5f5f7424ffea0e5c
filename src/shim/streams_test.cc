#include "shim/streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/temp_dir.h"
#include "shim/logger.h"

namespace mayfly::shim {

namespace {

class StreamsTest : public testing::Test {
 protected:
  std::string Fifo(const std::string& name) const {
    const std::string path = directory_.path() + "/" + name;
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  base::TempDir directory_;
};

std::string ReadNow(int fd) {
  char bytes[64];
  const ssize_t got = ::read(fd, bytes, sizeof bytes);
  return got < 0 ? "error" : std::string(bytes, static_cast<size_t>(got));
}

}  // namespace

TEST_F(StreamsTest, AMissingReaderIsNoErrorAndNothingIsLost) {
  const std::string path = Fifo("out");
  auto streams = ProcessStreams::Open({"", path, "", false}, "c1", "ns");
  ASSERT_TRUE(streams.has_value()) << streams.error().text();
  ASSERT_EQ(::write(streams->given()[1], "early", 5), 5);
  const auto reader = base::Open(path, O_RDONLY | O_NONBLOCK);
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(ReadNow(reader->get()), "early");
  streams->CloseAll();
  EXPECT_EQ(ReadNow(reader->get()), "");
}

TEST_F(StreamsTest, InputEndsWhenBothSidesHaveClosedIt) {
  const std::string path = Fifo("in");
  auto streams = ProcessStreams::Open({path, "", "", false}, "c1", "ns");
  ASSERT_TRUE(streams.has_value()) << streams.error().text();
  ASSERT_EQ(::fcntl(streams->given()[0], F_SETFL, O_NONBLOCK), 0);
  {
    const auto writer = base::Open(path, O_WRONLY);
    ASSERT_EQ(::write(writer->get(), "abc", 3), 3);
  }
  EXPECT_EQ(ReadNow(streams->given()[0]), "abc");
  EXPECT_EQ(ReadNow(streams->given()[0]), "error");  // EAGAIN: not the end yet
  streams->CloseInput();
  EXPECT_EQ(ReadNow(streams->given()[0]), "");
}

TEST_F(StreamsTest, FilesAreAppendedTo) {
  const std::string path = directory_.path() + "/log";
  for (const char* text : {"one\n", "two\n"}) {
    const auto streams = ProcessStreams::Open({"", "file://" + path, "", false}, "c1", "ns");
    ASSERT_TRUE(streams.has_value()) << streams.error().text();
    ASSERT_EQ(::write(streams->given()[1], text, 4), 4);
  }
  EXPECT_EQ(base::ReadFile(path).value_or(""), "one\ntwo\n");
}

TEST_F(StreamsTest, AnUnknownSchemeIsNamed) {
  const auto streams = ProcessStreams::Open({"", "npipe://x", "", false}, "c1", "ns");
  ASSERT_FALSE(streams.has_value());
  EXPECT_NE(streams.error().text().find("npipe://x"), std::string::npos);
}

TEST_F(StreamsTest, ALoggerGetsTheOutput) {
  const std::string script = directory_.path() + "/logger";
  const std::string out = directory_.path() + "/logged";
  const auto dir = base::Open(directory_.path(), O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(base::ReplaceFileAt(dir->get(), "logger",
                                  "#!/bin/sh\nexec 5>&-\necho $CONTAINER_ID $1 $2 >" + out +
                                      "\ncat <&3 >>" + out + "\n",
                                  0755)
                  .has_value());
  auto streams =
      ProcessStreams::Open({"", "binary://" + script + "?key=a%20b", "", false}, "c1", "ns");
  ASSERT_TRUE(streams.has_value()) << streams.error().text();
  ASSERT_EQ(::write(streams->given()[1], "text\n", 5), 5);
  streams->CloseAll();
  for (int tries = 0; tries < 500 && base::ReadFile(out).value_or("").size() < 15; ++tries) {
    ::usleep(10'000);
  }
  EXPECT_EQ(base::ReadFile(out).value_or(""), "c1 key a b\ntext\n");
}

TEST_F(StreamsTest, ALoggerThatEndsAtOnceIsAnError) {
  const auto streams = ProcessStreams::Open({"", "binary:///bin/false", "", false}, "c1", "ns");
  ASSERT_FALSE(streams.has_value());
  EXPECT_NE(streams.error().text().find("/bin/false"), std::string::npos);
}

// The process has ended; its child still holds the output and writes to it.
TEST_F(StreamsTest, AnExecsReaderSeesTheEndThoughAChildStillWrites) {
  auto loop = EventLoop::Make();
  ASSERT_TRUE(loop.has_value());
  const std::string path = Fifo("out");
  auto streams = ProcessStreams::Open({"", path, "", false}, "e1", "ns");
  ASSERT_TRUE(streams.has_value());
  auto relays = streams->RelayOutputs(&*loop);
  ASSERT_TRUE(relays.has_value()) << relays.error().text();
  const base::UniqueFd child(::dup(streams->given()[1]));
  const auto reader = base::Open(path, O_RDONLY | O_NONBLOCK);
  ASSERT_EQ(::write(child.get(), "all of it", 9), 9);
  streams->CloseAll();
  for (const auto& relay : *relays) {
    relay->Begin();
    relay->Drain();
  }
  EXPECT_EQ(ReadNow(reader->get()), "all of it");
  EXPECT_EQ(ReadNow(reader->get()), "");
  EXPECT_EQ(::write(child.get(), "later", 5), 5);  // no SIGPIPE
}

}  // namespace mayfly::shim
