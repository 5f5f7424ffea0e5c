// audio-sine-wave: a tone of 440 Hz as a WAV file, one channel of 16 bits at 44.1 kHz.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "libm/trig.h"
#include "support/arguments.h"
#include "support/output_file.h"

namespace mayfly::suite {
namespace {

constexpr std::string_view kUsage = "usage: audio-sine-wave [--seconds N] [--fsync] FILE";

constexpr uint32_t kSamplesPerSecond = 44100;
constexpr uint32_t kSampleBytes = 2;
// Up to here the number of a sample is exact as a float.
constexpr uint32_t kMaxSeconds = 380;

void PutLittleEndian(char* to, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

constexpr size_t kHeaderBytes = 44;

// The canonical header: RIFF, one chunk that says how to read the samples, and one of samples.
void MakeHeader(uint32_t samples, char* header) {
  uint32_t data_bytes = samples * kSampleBytes;
  memcpy(header, "RIFF", 4);
  PutLittleEndian(header + 4, data_bytes + kHeaderBytes - 8, 4);
  memcpy(header + 8, "WAVEfmt ", 8);
  PutLittleEndian(header + 16, 16, 4);  // bytes of this chunk
  PutLittleEndian(header + 20, 1, 2);   // PCM
  PutLittleEndian(header + 22, 1, 2);   // channels
  PutLittleEndian(header + 24, kSamplesPerSecond, 4);
  PutLittleEndian(header + 28, kSamplesPerSecond * kSampleBytes, 4);
  PutLittleEndian(header + 32, kSampleBytes, 2);
  PutLittleEndian(header + 34, 8 * kSampleBytes, 2);
  memcpy(header + 36, "data", 4);
  PutLittleEndian(header + 40, data_bytes, 4);
}

// All in float, as the original; the order of the products is part of the result.
int16_t SampleAt(uint32_t i) {
  constexpr float kPi = 3.14159274f;
  constexpr float kHertz = 440.0f;
  constexpr float kAmplitude = 32767.0f;
  float seconds = static_cast<float>(i) / static_cast<float>(kSamplesPerSecond);
  return static_cast<int16_t>(SineFloat(((seconds * kHertz) * 2.0f) * kPi) * kAmplitude);
}

// In writes of 8 KiB, as the original's library.
void WriteWave(uint32_t samples, OutputFile& file) {
  char buffer[8192];
  MakeHeader(samples, buffer);
  size_t used = kHeaderBytes;
  for (uint32_t i = 0; i < samples; ++i) {
    PutLittleEndian(buffer + used, static_cast<uint16_t>(SampleAt(i)), kSampleBytes);
    used += kSampleBytes;
    if (used == sizeof buffer) {
      file.Write(buffer, used);
      used = 0;
    }
  }
  file.Write(buffer, used);
}

}  // namespace
}  // namespace mayfly::suite

int main(int argc, char** argv) {
  using namespace mayfly::suite;
  program_name = "audio-sine-wave";
  Arguments arguments(argc, argv, kUsage);
  uint32_t seconds = arguments.Count<uint32_t>("--seconds", 1, kMaxSeconds);
  bool sync = arguments.Flag("--fsync");
  if (arguments.Operands() != 1) arguments.FailUsage();
  OutputFile file(arguments.Path(0));
  WriteWave(seconds * kSamplesPerSecond, file);
  if (sync) file.Sync();
  file.Close();
  return 0;
}
