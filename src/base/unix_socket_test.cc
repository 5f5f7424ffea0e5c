#include "base/unix_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "base/temp_dir.h"

namespace mayfly::base {
namespace {

std::pair<UniqueFd, UniqueFd> Pair() {
  int pair[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

UniqueFd Listen(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  return fd;
}

TEST(UnixSocketTest, ADescriptorArrivesAsTheSameFileAndClosesOnExec) {
  const auto [a, b] = Pair();
  const auto null = Open("/dev/null", O_RDONLY);
  ASSERT_TRUE(null);
  ASSERT_TRUE(SendDescriptor(a.get(), null->get(), "/dev/ptmx"));
  const auto got = ReceiveDescriptor(b.get());
  ASSERT_TRUE(got) << got.error().text();
  struct stat sent{};
  struct stat received{};
  ::fstat(null->get(), &sent);
  ::fstat(got->get(), &received);
  EXPECT_EQ(sent.st_rdev, received.st_rdev);
  EXPECT_EQ(::fcntl(got->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(UnixSocketTest, BytesWithoutADescriptorAreAnError) {
  const auto [a, b] = Pair();
  ASSERT_EQ(::send(a.get(), "x", 1, 0), 1);
  EXPECT_FALSE(ReceiveDescriptor(b.get()));
}

TEST(UnixSocketTest, TwoDescriptorsAtOnceAreAnErrorAndNoneIsKept) {
  const auto [a, b] = Pair();
  union {
    char bytes[CMSG_SPACE(2 * sizeof(int))];
    cmsghdr header;
  } control{};
  char byte = 'x';
  iovec bytes{&byte, 1};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
  const int both[2] = {a.get(), b.get()};
  std::memcpy(CMSG_DATA(&control.header), both, sizeof both);
  ASSERT_EQ(::sendmsg(a.get(), &message, 0), 1);
  const int before = ::dup(a.get());
  EXPECT_FALSE(ReceiveDescriptor(b.get()));
  const int after = ::dup(a.get());
  EXPECT_EQ(after, before + 1) << "a descriptor was left open";
  ::close(before);
  ::close(after);
}

TEST(UnixSocketTest, AClosedPeerIsAnError) {
  auto [a, b] = Pair();
  a.Reset();
  EXPECT_FALSE(ReceiveDescriptor(b.get()));
}

TEST(UnixSocketTest, ConnectsBelowALongPath) {
  const TempDir dir;
  const std::string deep = std::string(dir.path()) + "/" + std::string(120, 'd');
  std::filesystem::create_directories(deep);
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(deep);
  const UniqueFd listener = Listen("s");
  std::filesystem::current_path(before);
  const auto connected = ConnectUnix(deep + "/s");
  EXPECT_TRUE(connected) << connected.error().text();
}

TEST(UnixSocketTest, ConnectNamesThePath) {
  const auto none = ConnectUnix("/nowhere/console.sock");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().text().find("/nowhere/console.sock"), std::string::npos);
  EXPECT_FALSE(ConnectUnix(""));
}

}  // namespace
}  // namespace mayfly::base
