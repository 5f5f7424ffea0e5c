#include "lab/report/embedded.h"

// The symbols that cmake/embed.cmake makes: a file's first byte, and the byte after its last.
extern "C" {
extern const char mayfly_embedded_published_medians[];
extern const char mayfly_embedded_published_medians_end[];
extern const char mayfly_embedded_published_images[];
extern const char mayfly_embedded_published_images_end[];
extern const char mayfly_embedded_page_html[];
extern const char mayfly_embedded_page_html_end[];
extern const char mayfly_embedded_page_css[];
extern const char mayfly_embedded_page_css_end[];
extern const char mayfly_embedded_page_js[];
extern const char mayfly_embedded_page_js_end[];
extern const char mayfly_embedded_echarts[];
extern const char mayfly_embedded_echarts_end[];
}

namespace mayfly::lab::embedded {

std::string_view PublishedMedians() {
  return {mayfly_embedded_published_medians, mayfly_embedded_published_medians_end};
}
std::string_view PublishedImages() {
  return {mayfly_embedded_published_images, mayfly_embedded_published_images_end};
}
std::string_view PageHtml() { return {mayfly_embedded_page_html, mayfly_embedded_page_html_end}; }
std::string_view PageCss() { return {mayfly_embedded_page_css, mayfly_embedded_page_css_end}; }
std::string_view PageJs() { return {mayfly_embedded_page_js, mayfly_embedded_page_js_end}; }
std::string_view Echarts() { return {mayfly_embedded_echarts, mayfly_embedded_echarts_end}; }

}  // namespace mayfly::lab::embedded
