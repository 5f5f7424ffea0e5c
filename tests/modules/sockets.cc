// A guest with WasmEdge's extension of preview 1 (the calls that its socket libraries make): serves
// one connection, or makes one. Prints the port, then "ok", or the line whose expectation failed.
//
//   sockets serve        on a free port of 127.0.0.1: sends back what comes, in capitals
//   sockets call PORT    sends "hello" to 127.0.0.1:PORT and expects "HELLO"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))

extern "C" {
struct Address {
  uint8_t* bytes;
  uint32_t size;
};
struct Chunk {
  char* bytes;
  uint32_t size;
};
IMPORT("sock_open") int32_t SockOpen(int32_t family, int32_t type, int32_t* fd);
IMPORT("sock_bind") int32_t SockBind(int32_t fd, const Address* address, int32_t port);
IMPORT("sock_listen") int32_t SockListen(int32_t fd, int32_t backlog);
IMPORT("sock_accept") int32_t SockAccept(int32_t fd, int32_t* connection);
IMPORT("sock_connect") int32_t SockConnect(int32_t fd, const Address* address, int32_t port);
IMPORT("sock_getlocaladdr")
int32_t SockLocal(int32_t fd, Address* address, uint32_t* type, uint32_t* port);
IMPORT("sock_recv")
int32_t SockReceive(int32_t fd, const Chunk* to, int32_t count, int32_t flags, uint32_t* size,
                    uint32_t* out_flags);
IMPORT("sock_send")
int32_t SockSend(int32_t fd, const Chunk* from, int32_t count, int32_t flags, uint32_t* size);
IMPORT("sock_shutdown") int32_t SockShutdown(int32_t fd, int32_t how);
}

#define EXPECT(condition)                            \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      return 1;                                      \
    }                                                \
  } while (false)

namespace {

constexpr int32_t kInet4 = 1;
constexpr int32_t kStream = 2;
uint8_t localhost[4] = {127, 0, 0, 1};

int Serve() {
  int32_t listener = -1;
  Address address = {localhost, sizeof localhost};
  EXPECT(SockOpen(kInet4, kStream, &listener) == 0);
  EXPECT(SockBind(listener, &address, 0) == 0);
  EXPECT(SockListen(listener, 1) == 0);
  uint8_t bytes[16] = {};
  Address local = {bytes, sizeof bytes};
  uint32_t type = 0;
  uint32_t port = 0;
  EXPECT(SockLocal(listener, &local, &type, &port) == 0);
  printf("%u\n", port);
  fflush(stdout);
  int32_t connection = -1;
  EXPECT(SockAccept(listener, &connection) == 0);
  char text[64];
  for (uint32_t size = 0;;) {
    const Chunk in = {text, sizeof text};
    uint32_t flags = 0;
    EXPECT(SockReceive(connection, &in, 1, 0, &size, &flags) == 0);
    if (size == 0) {
      break;
    }
    for (uint32_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
    }
    const Chunk out = {text, size};
    uint32_t sent = 0;
    EXPECT(SockSend(connection, &out, 1, 0, &sent) == 0 && sent == size);
  }
  EXPECT(SockShutdown(connection, 2) == 0);
  return 0;
}

int Call(int32_t port) {
  int32_t fd = -1;
  const Address address = {localhost, sizeof localhost};
  EXPECT(SockOpen(kInet4, kStream, &fd) == 0);
  EXPECT(SockConnect(fd, &address, port) == 0);
  char text[64] = "hello";
  const Chunk out = {text, 5};
  uint32_t size = 0;
  EXPECT(SockSend(fd, &out, 1, 0, &size) == 0 && size == 5);
  const Chunk in = {text, sizeof text};
  uint32_t flags = 0;
  EXPECT(SockReceive(fd, &in, 1, 0, &size, &flags) == 0);
  EXPECT(size == 5 && memcmp(text, "HELLO", 5) == 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  int status = 2;
  if (argc == 2 && strcmp(argv[1], "serve") == 0) {
    status = Serve();
  } else if (argc == 3 && strcmp(argv[1], "call") == 0) {
    status = Call(atoi(argv[2]));
  }
  if (status == 0) {
    puts("ok");
  }
  return status;
}
