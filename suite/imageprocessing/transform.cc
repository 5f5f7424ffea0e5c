#include "imageprocessing/transform.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "imageprocessing/colours.h"
#include "libm/trig.h"

namespace mayfly::suite {
namespace {

constexpr double kPi = 3.14159265358979323846;

// What one place of the result takes from which places of the source: weights in order, and their
// sum.
class Filter {
 public:
  Filter(uint32_t from, uint32_t to) : spans_(to) {
    double step = static_cast<double>(from) / static_cast<double>(to);
    double scale = std::max(step, 1.0);
    double radius = std::ceil(scale);
    for (uint32_t i = 0; i < to; ++i) {
      double centre = (static_cast<double>(i) + 0.5) * step - 0.5;
      int32_t first = std::max(static_cast<int32_t>(centre - radius + 0.5), 0);
      int32_t last =
          std::min(static_cast<int32_t>(centre + radius), static_cast<int32_t>(from) - 1);
      Span& span = spans_[i];
      span = {static_cast<uint32_t>(first), static_cast<uint32_t>(last - first + 1),
              weights_.size(), 0};
      for (int32_t k = first; k <= last; ++k) {
        double distance = std::fabs((static_cast<double>(k) - centre) / scale);
        double weight = distance < 1.0 ? 1.0 - distance : 0.0;
        weights_.Append(weight);
        span.sum += weight;
      }
    }
  }

  // Place `i` of a line whose pixels lie `stride_bytes` apart.
  void Apply(uint32_t i, const uint8_t* line, size_t stride_bytes, uint8_t* to) const {
    const Span& span = spans_[i];
    const uint8_t* pixel = line + span.first * stride_bytes;
    Colours sum = {};
    for (uint32_t k = 0; k < span.count; ++k, pixel += stride_bytes) {
      sum.AddWeighted(Colours::Load(pixel), weights_[span.weights + k]);
    }
    sum.StoreRounded(span.sum, to);
  }

 private:
  struct Span {
    uint32_t first;
    uint32_t count;
    size_t weights;  // where they begin
    double sum;
  };

  Array<Span> spans_;
  Array<double> weights_;
};

Image Enlarge(const Image& image) {
  Image large(image.width * 2, image.height * 2);
  for (uint32_t y = 0; y < large.height; ++y) {
    const uint8_t* from = image.Row(y / 2);
    uint8_t* to = large.Row(y);
    for (uint32_t x = 0; x < large.width; ++x) {
      memcpy(to + x * kChannels, from + (x / 2) * kChannels, kChannels);
    }
  }
  return large;
}

// The functions of a given angle, once or at every call.
struct Turning {
  double angle;
  double sine;
  double cosine;
  bool per_pixel;

  double Sin() const { return per_pixel ? Sine(angle) : sine; }
  double Cos() const { return per_pixel ? Cosine(angle) : cosine; }
};

Image Turn(const Image& image, const Turning& turning) {
  Image turned(image.width, image.height);
  double pivot_x = static_cast<double>(image.width / 2);
  double pivot_y = static_cast<double>(image.height / 2);
  for (uint32_t y = 0; y < turned.height; ++y) {
    uint8_t* to = turned.Row(y);
    double dy = static_cast<double>(y) - pivot_y + 0.5;
    for (uint32_t x = 0; x < turned.width; ++x, to += kChannels) {
      double dx = static_cast<double>(x) - pivot_x + 0.5;
      auto from_x = static_cast<int32_t>(turning.Cos() * dx - turning.Sin() * dy + pivot_x);
      auto from_y = static_cast<int32_t>(turning.Sin() * dx + turning.Cos() * dy + pivot_y);
      bool inside = from_x >= 0 && from_y >= 0 && from_x < static_cast<int32_t>(image.width) &&
                    from_y < static_cast<int32_t>(image.height);
      if (inside) {
        const uint8_t* row = image.Row(static_cast<uint32_t>(from_y));
        memcpy(to, row + static_cast<size_t>(from_x) * kChannels, kChannels);
      } else {
        memset(to, 0, kChannels);
      }
    }
  }
  return turned;
}

}  // namespace

void Invert(Image& image) {
  for (size_t i = 0; i < image.bytes.size(); i += kChannels) {
    for (size_t c = 0; c < 3; ++c) {
      image.bytes[i + c] = static_cast<uint8_t>(255 - image.bytes[i + c]);
    }
  }
}

Image Resize(const Image& image, uint32_t width, uint32_t height) {
  Filter horizontal(image.width, width);
  Image wide(width, image.height);
  for (uint32_t y = 0; y < image.height; ++y) {
    uint8_t* to = wide.Row(y);
    for (uint32_t x = 0; x < width; ++x) {
      horizontal.Apply(x, image.Row(y), kChannels, to + x * kChannels);
    }
  }
  Filter vertical(image.height, height);
  Image result(width, height);
  for (uint32_t y = 0; y < height; ++y) {
    uint8_t* to = result.Row(y);
    for (uint32_t x = 0; x < width; ++x) {
      vertical.Apply(y, wide.Row(0) + x * kChannels, width * kChannels, to + x * kChannels);
    }
  }
  return result;
}

Image TurnBy45Degrees(const Image& image, Trigonometry trigonometry) {
  double angle = -45.0 * (kPi / 180.0);
  Turning turning{angle, Sine(angle), Cosine(angle), trigonometry == Trigonometry::kPerPixel};
  return Resize(Turn(Enlarge(image), turning), image.width, image.height);
}

void ToStraight(Image& image) {
  for (size_t i = 0; i < image.bytes.size(); i += kChannels) {
    uint32_t alpha = image.bytes[i + 3];
    if (alpha == 0xFF) continue;
    for (size_t c = 0; c < 3; ++c) {
      uint32_t wide = image.bytes[i + c] * uint32_t{257};
      // More colour than alpha can only come from inverting; it is cut off as Go's model does.
      image.bytes[i + c] =
          alpha == 0 ? uint8_t{0} : static_cast<uint8_t>(wide * 65535 / (alpha * 257) >> 8);
    }
  }
}

}  // namespace mayfly::suite
