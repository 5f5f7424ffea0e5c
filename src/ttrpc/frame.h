// Frame: ttrpc's unit on the wire: ten bytes of header, then a message.
//
//   length of the message, 4 bytes | stream, 4 bytes | type, 1 byte | flags, 1 byte     big-endian
//
// Sources: containerd/ttrpc PROTOCOL.md. Units: bytes.
// Errors: none of its own: a message over kMaxMessageBytes is read past and comes out as a frame
//   without a body, marked too large, so that its sender gets an answer and the stream goes on.
// Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mayfly::ttrpc {

inline constexpr size_t kHeaderBytes = 10;
inline constexpr size_t kMaxMessageBytes = 4U << 20;

// A peer may send any byte.
enum class FrameType : uint8_t { kRequest = 1, kResponse = 2, kData = 3 };

struct Frame {
  uint32_t stream = 0;
  FrameType type = FrameType::kRequest;
  uint8_t flags = 0;
  bool too_large = false;
  std::string message;
};

// The bytes of a frame with this message.
std::string EncodeFrame(uint32_t stream, FrameType type, std::string_view message);

// Cuts a stream of bytes, which come in pieces of any size, into frames.
class FrameReader {
 public:
  void Append(std::string_view bytes);
  // The next frame that is complete.
  std::optional<Frame> Next();
  // What it holds at the moment; at most a message and what was appended behind it.
  size_t buffered_bytes() const { return buffer_.size(); }

 private:
  std::string buffer_;
  size_t skip_bytes_ = 0;  // of a message that is too large
};

}  // namespace mayfly::ttrpc
