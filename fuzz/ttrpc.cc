// Bytes from whoever reached the shim's socket: calls come out whole or are refused, and nothing
// beyond one message is kept.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ttrpc/connection.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mayfly::ttrpc::Connection server{mayfly::base::UniqueFd()};
  mayfly::ttrpc::Connection client{mayfly::base::UniqueFd()};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // In two pieces, so that a frame is cut somewhere.
  for (const std::string_view part : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
    server.Feed(part);
    client.Feed(part);
    mayfly::ttrpc::Call call;
    while (server.NextCall(&call)) {
      if (call.stream % 2 == 0 || call.payload.size() > mayfly::ttrpc::kMaxMessageBytes) {
        std::abort();
      }
    }
    mayfly::ttrpc::Answer answer;
    while (client.NextAnswer(&answer)) {
    }
  }
  return 0;
}
