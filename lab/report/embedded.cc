#include "lab/report/embedded.h"

// The symbols that cmake/embed.cmake makes: a file's first byte, and the byte after its last.
extern "C" {
extern const char mayfly_embedded_published_medians[];
extern const char mayfly_embedded_published_medians_end[];
extern const char mayfly_embedded_published_images[];
extern const char mayfly_embedded_published_images_end[];
}

namespace mayfly::lab::embedded {

std::string_view PublishedMedians() {
  return {mayfly_embedded_published_medians, mayfly_embedded_published_medians_end};
}

std::string_view PublishedImages() {
  return {mayfly_embedded_published_images, mayfly_embedded_published_images_end};
}

}  // namespace mayfly::lab::embedded
