// libFuzzer: the image decoder of imageprocessing on any bytes. Seeds:
// build/suite/data/imageprocessing.
//
//   ninja -C build/suite fuzz_decode_image
//   build/suite/fuzz/fuzz_decode_image -max_len=20000 build/suite/data/imageprocessing

#include <cstdint>
#include <cstdlib>

#include "imageprocessing/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  auto image = mayfly::suite::Decode(reinterpret_cast<const char*>(data), size_bytes);
  if (image &&
      image->bytes.size() != size_t{image->width} * image->height * mayfly::suite::kChannels) {
    abort();
  }
  return 0;
}
