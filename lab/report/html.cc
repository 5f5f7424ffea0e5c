#include "lab/report/html.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "lab/report/embedded.h"

namespace mayfly::lab {
namespace {

// JSON that may stand inside a script element (HTML Living Standard, section 4.12.1.3).
std::string EscapedForScript(const nlohmann::json& document) {
  const std::string text = base::JsonText(document);
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string EscapedForText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

base::Result<std::string> RenderHtml(const nlohmann::json& report) {
  if (embedded::Echarts().empty()) {
    return base::Fail(base::ErrorKind::kUnsupported,
                      "this build has no ECharts, so it makes no report.html: run "
                      "tools/setup/echarts.sh, then ./dev build");
  }
  std::string page;
  std::string_view rest = embedded::PageHtml();
  // Each mark of the page, "{{name}}", is replaced once, in the order of the page.
  for (size_t begin = rest.find("{{"); begin != std::string_view::npos; begin = rest.find("{{")) {
    const size_t end = rest.find("}}", begin);
    const std::string_view name = rest.substr(begin + 2, end - begin - 2);
    page += rest.substr(0, begin);
    rest.remove_prefix(end + 2);
    if (name == "title") {
      page += EscapedForText(report.value("title", ""));
    } else if (name == "style") {
      page += embedded::PageCss();
    } else if (name == "data") {
      page += EscapedForScript(report);
    } else if (name == "echarts") {
      page += embedded::Echarts();
    } else if (name == "scripts") {
      page += embedded::PageJs();
    }
  }
  page += rest;
  return page;
}

}  // namespace mayfly::lab
