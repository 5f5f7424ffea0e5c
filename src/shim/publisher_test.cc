#include "shim/publisher.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <types.pb.h>

#include <cstring>

#include "base/temp_dir.h"
#include "shim/server.h"

namespace mayfly::shim {

namespace {

base::UniqueFd ListenAt(const std::string& path) {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket.get(), 8), 0);
  return socket;
}

}  // namespace

TEST(PublisherTest, EventsThatWereMadeWhileNobodyListenedComeLaterAndInOrder) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "the server talks to root only";
  }
  const base::TempDir directory;
  const std::string path = directory.path() + "/s";
  auto loop = EventLoop::Make();
  ASSERT_TRUE(loop.has_value());
  base::Log log;
  Publisher publisher(&*loop, &log, path, "ns");
  for (int i = 0; i < 50; ++i) {
    publisher.Publish("/topic/" + std::to_string(i), "type", "message");
  }
  EXPECT_EQ(publisher.waiting(), 50U);
  std::vector<std::string> topics;
  Server server(&*loop, &log, ListenAt(path),
                [&](const ttrpc::Call& call, const Responder& respond) {
                  containerd::types::ForwardRequest request;
                  EXPECT_TRUE(request.ParseFromString(call.payload));
                  EXPECT_EQ(request.envelope().namespace_(), "ns");
                  topics.push_back(request.envelope().topic());
                  respond({}, "");
                });
  ASSERT_TRUE(server.Begin().has_value());
  publisher.WhenSent(10'000, [&] { loop->Stop(); });
  ASSERT_TRUE(loop->Run().has_value());
  ASSERT_EQ(topics.size(), 50U);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(topics[static_cast<size_t>(i)], "/topic/" + std::to_string(i));
  }
}

}  // namespace mayfly::shim
