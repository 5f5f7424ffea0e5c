#include "ttrpc/frame.h"

#include <algorithm>

namespace mayfly::ttrpc {

namespace {

void PutBigEndian(std::string* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

uint32_t GetBigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) {
    value = (value << 8) | static_cast<uint8_t>(byte);
  }
  return value;
}

}  // namespace

std::string EncodeFrame(uint32_t stream, FrameType type, std::string_view message) {
  std::string out;
  out.reserve(kHeaderBytes + message.size());
  PutBigEndian(&out, static_cast<uint32_t>(message.size()));
  PutBigEndian(&out, stream);
  out.push_back(static_cast<char>(type));
  out.push_back(0);
  out.append(message);
  return out;
}

void FrameReader::Append(std::string_view bytes) {
  const size_t skipped = std::min(skip_bytes_, bytes.size());
  skip_bytes_ -= skipped;
  buffer_.append(bytes.substr(skipped));
}

std::optional<Frame> FrameReader::Next() {
  if (buffer_.size() < kHeaderBytes) {
    return std::nullopt;
  }
  const std::string_view bytes = buffer_;
  const size_t length = GetBigEndian(bytes);
  Frame frame;
  frame.stream = GetBigEndian(bytes.substr(4));
  frame.type = static_cast<FrameType>(bytes[8]);
  frame.flags = static_cast<uint8_t>(bytes[9]);
  if (length > kMaxMessageBytes) {
    const size_t present = std::min(length, buffer_.size() - kHeaderBytes);
    skip_bytes_ = length - present;
    buffer_.erase(0, kHeaderBytes + present);
    frame.too_large = true;
    return frame;
  }
  if (buffer_.size() < kHeaderBytes + length) {
    return std::nullopt;
  }
  frame.message = bytes.substr(kHeaderBytes, length);
  buffer_.erase(0, kHeaderBytes + length);
  return frame;
}

}  // namespace mayfly::ttrpc
