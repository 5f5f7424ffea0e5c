// mayfly-otlp: sends the spans of one container to an OpenTelemetry collector.
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "otlp/spans.h"

namespace mayfly::otlp {

using base::ErrorKind;
using base::Fail;
using base::Result;

namespace {

constexpr size_t kMaxInputBytes = 4U << 20;
constexpr long kHttpOk = 200;
constexpr long kHttpRedirect = 300;
constexpr int kExitUsage = 2;

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

int64_t NowNs(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string RandomHex(size_t digits) {
  std::string bytes(digits / 2, '\0');
  const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  static_cast<void>(got);  // up to 256 bytes always come whole (getrandom(2))
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

size_t Drop(char*, size_t size, size_t count, void*) { return size * count; }

Result<void> Send(const Settings& settings, const std::string& body) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  for (const auto& [key, value] : settings.headers) {
    headers = curl_slist_append(headers, fmt::format("{}: {}", key, value).c_str());
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(headers,
                                                                          curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, settings.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, settings.timeout_ms);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Drop);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK) {
    return Fail(ErrorKind::kSystem, "send spans to {}: {}", settings.url, curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < kHttpOk || status >= kHttpRedirect) {
    return Fail(ErrorKind::kSystem, "send spans to {}: HTTP status {}", settings.url, status);
  }
  return {};
}

Result<void> Run(const Task& task, bool print) {
  MAYFLY_ASSIGN(const Settings settings, SettingsFrom(Variable));
  const auto parent = ParseTraceparent(task.traceparent);
  const bool wanted = !settings.url.empty() && (!parent || parent->sampled);
  if (!print && !wanted) {
    return {};
  }
  MAYFLY_ASSIGN(const std::string lines,
                base::ReadAll(STDIN_FILENO, "standard input", kMaxInputBytes));
  const std::string body = base::JsonText(MakeTrace(task, lines, settings, RandomHex));
  if (print) {
    return base::WriteAll(STDOUT_FILENO, body + "\n", "standard output");
  }
  return Send(settings, body);
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Sends the phases of one container (docs/formats/phases.md), read from standard input, as "
      "OpenTelemetry spans to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names. "
      "containerd-shim-mayfly-v1 starts it when a task is deleted.\n\n"
      "Example: mayfly-otlp --container c1 --namespace default --print < phases",
      "mayfly-otlp");
  Task task;
  bool print = false;
  app.add_option("--container", task.container, "the container's id")->required();
  app.add_option("--namespace", task.name_space, "containerd's namespace");
  app.add_option("--traceparent", task.traceparent, "the span above, as W3C Trace Context has it");
  app.add_option("--error", task.error, "why the container was not made");
  app.add_flag("--print", print, "write the request to standard output instead");
  app.set_version_flag("--version", std::string("mayfly-otlp ") + MAYFLY_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  task.realtime_offset_ns = NowNs(CLOCK_REALTIME) - NowNs(CLOCK_MONOTONIC);
  if (const auto done = Run(task, print); !done) {
    // containerd makes standard error a part of its log.
    auto log = base::Log::ToDescriptor(base::UniqueFd(::dup(STDERR_FILENO)), base::LogFormat::kText,
                                       base::LogLevel::kInfo);
    log.Warning("mayfly-otlp: {}: {}", task.container, done.error().text());
    return 1;
  }
  return 0;
}

}  // namespace

}  // namespace mayfly::otlp

int main(int argc, char** argv) { return mayfly::otlp::Main(argc, argv); }
