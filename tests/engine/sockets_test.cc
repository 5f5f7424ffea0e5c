// Real traffic: guests that serve a connection and that make one, by the sockets that their engine
// has: WasmEdge's extension of preview 1, and WASI 0.2 in components.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "../runtime/command.h"
#include "ways.h"

namespace mayfly::test {
namespace {

namespace fs = std::filesystem;

const fs::path kCore = fs::path(MAYFLY_TEST_MODULES) / "sockets.wasm";
const fs::path kComponent = fs::path(MAYFLY_TEST_MODULES) / "component/sockets.wasm";

fs::path EnginesDir() {
  const char* dir = ::getenv("MAYFLY_ENGINES_DIR");
  return dir != nullptr ? dir : MAYFLY_TEST_ENGINES_DIR;
}

bool HasSockets(const std::string& engine) {
  const mayfly_engine* const plugin = Plugin(EnginesDir(), engine);
  for (const char* const* name = plugin->imports; *name != nullptr; ++name) {
    if (std::string_view(*name) == "wasi_snapshot_preview1.sock_open") {
      return true;
    }
  }
  return false;
}

struct Row {
  Way way;
  fs::path module;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.way.engine << " " << row.way.strategy << " " << row.module.filename().string();
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  for (const Way& way : Ways(EnginesDir())) {
    if (HasSockets(way.engine)) {
      rows.push_back({way, kCore});
    }
    if (fs::exists(EnginesDir() / (way.engine + "-component.so"))) {
      rows.push_back({way, kComponent});
    }
  }
  return rows;
}

sockaddr_in Localhost(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket of this process on a free port of 127.0.0.1, and the port.
std::pair<base::UniqueFd, uint16_t> Bound(int type) {
  base::UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in address = Localhost(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return {std::move(fd), ntohs(address.sin_port)};
}

// Waits until there is something to read or to accept; false after 20 s.
bool Readable(int fd) {
  pollfd entry = {fd, POLLIN, 0};
  return ::poll(&entry, 1, 20'000) == 1;
}

class Sockets : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam().module)) {
      GTEST_SKIP() << GetParam().module << " is not built: a compiler for WASI is missing";
    }
  }

  static Process Start(const std::vector<std::string>& args) {
    std::vector<std::string> line = {
        MAYFLY_TEST_DRIVE, "dev.mayfly.engine=" + GetParam().way.engine,
        "dev.mayfly.strategy=" + GetParam().way.strategy, GetParam().module};
    line.insert(line.end(), args.begin(), args.end());
    CommandOptions options;
    options.environment = {{"MAYFLY_CACHE_DIR", MAYFLY_TEST_CACHE},
                           {"MAYFLY_ENGINES_DIR", EnginesDir()},
                           {"MAYFLY_CONFIG", "/dev/null"}};
    return {line, options};
  }

  static bool IsComponent() { return GetParam().module == kComponent; }
};

TEST_P(Sockets, AGuestServes) {
  Process guest = Start({"serve"});
  ASSERT_TRUE(guest.WaitForOutput("\n")) << guest.Stdout() << guest.Stderr();
  const int port = std::atoi(guest.Stdout().c_str());
  ASSERT_GT(port, 0) << guest.Stdout();
  const base::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Localhost(static_cast<uint16_t>(port));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  for (const std::string text : {"first", "second"}) {
    ASSERT_EQ(::send(client.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    char reply[64];
    ASSERT_TRUE(Readable(client.get()));
    const ssize_t size = ::recv(client.get(), reply, sizeof reply, 0);
    ASSERT_GT(size, 0);
    EXPECT_EQ(std::string(reply, static_cast<size_t>(size)), text == "first" ? "FIRST" : "SECOND");
  }
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  EXPECT_EQ(guest.Wait(), 0) << guest.Stdout() << guest.Stderr();
  EXPECT_TRUE(guest.Stdout().ends_with("\nok\n")) << guest.Stdout();
}

TEST_P(Sockets, AGuestCalls) {
  const auto [listener, port] = Bound(SOCK_STREAM);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  Process guest = Start({"call", std::to_string(port)});
  ASSERT_TRUE(Readable(listener.get())) << guest.Stdout() << guest.Stderr();
  const base::UniqueFd connection(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  char text[64];
  ASSERT_TRUE(Readable(connection.get()));
  ASSERT_EQ(::recv(connection.get(), text, sizeof text, 0), 5);
  EXPECT_EQ(std::string(text, 5), "hello");
  ASSERT_EQ(::send(connection.get(), "HELLO", 5, 0), 5);
  EXPECT_EQ(guest.Wait(), 0) << guest.Stdout() << guest.Stderr();
  EXPECT_EQ(guest.Stdout(), "ok\n");
}

TEST_P(Sockets, DatagramsAndNames) {
  if (!IsComponent()) {
    GTEST_SKIP() << "the guest with WasmEdge's sockets has streams only";
  }
  const auto [socket, port] = Bound(SOCK_DGRAM);
  Process guest = Start({"datagram", std::to_string(port)});
  ASSERT_TRUE(Readable(socket.get())) << guest.Stdout() << guest.Stderr();
  char text[64];
  sockaddr_in from{};
  socklen_t size = sizeof from;
  ASSERT_EQ(
      ::recvfrom(socket.get(), text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from), &size), 5);
  ASSERT_EQ(::sendto(socket.get(), "HELLO", 5, 0, reinterpret_cast<sockaddr*>(&from), size), 5);
  EXPECT_EQ(guest.Wait(), 0) << guest.Stdout() << guest.Stderr();
  Process resolving = Start({"resolve", "localhost"});
  EXPECT_EQ(resolving.Wait(), 0) << resolving.Stdout() << resolving.Stderr();
}

INSTANTIATE_TEST_SUITE_P(Every, Sockets, testing::ValuesIn(Rows()), [](const auto& row) {
  return TestName(row.param.way) + (row.param.module == kComponent ? "_component" : "");
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Sockets);

}  // namespace
}  // namespace mayfly::test
