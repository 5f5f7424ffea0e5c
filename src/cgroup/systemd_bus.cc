#include "cgroup/systemd_bus.h"

#include <dlfcn.h>
#include <systemd/sd-bus.h>

#include <cstring>
#include <ctime>
#include <map>

namespace mayfly::cgroup {

using base::ErrorKind;
using base::Result;

namespace {

constexpr const char* kLibrary = "libsystemd.so.0";
constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kObject = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnitExists = "org.freedesktop.systemd1.UnitExists";
constexpr const char* kNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr uint64_t kTimeoutUs = 30'000'000;

// libsystemd's functions, looked up by the names that its header declares.
struct Library {
  decltype(&sd_bus_open_system) open_system = nullptr;
  decltype(&sd_bus_open_user) open_user = nullptr;
  decltype(&sd_bus_flush_close_unref) close = nullptr;
  decltype(&sd_bus_message_new_method_call) new_call = nullptr;
  decltype(&sd_bus_message_append) append = nullptr;
  decltype(&sd_bus_message_append_array) append_array = nullptr;
  decltype(&sd_bus_message_open_container) open = nullptr;
  decltype(&sd_bus_message_close_container) end = nullptr;
  decltype(&sd_bus_message_read) read = nullptr;
  decltype(&sd_bus_message_unref) unref = nullptr;
  decltype(&sd_bus_call) call = nullptr;
  decltype(&sd_bus_error_free) free_error = nullptr;
  decltype(&sd_bus_get_property_string) property = nullptr;
  decltype(&sd_bus_match_signal) match = nullptr;
  decltype(&sd_bus_process) process = nullptr;
  decltype(&sd_bus_wait) wait = nullptr;
};

template <typename Function>
bool LookUp(void* handle, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(::dlsym(handle, name));
  return *function != nullptr;
}

// The library stays loaded until the process ends: it keeps thread-local destructors.
Result<Library> LoadLibrary() {
  void* handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  Library library;
  if (handle == nullptr) {
    return base::Fail(ErrorKind::kUnsupported, "--systemd-cgroup: {}", ::dlerror());
  }
  const bool complete = LookUp(handle, "sd_bus_open_system", &library.open_system) &&
                        LookUp(handle, "sd_bus_open_user", &library.open_user) &&
                        LookUp(handle, "sd_bus_flush_close_unref", &library.close) &&
                        LookUp(handle, "sd_bus_message_new_method_call", &library.new_call) &&
                        LookUp(handle, "sd_bus_message_append", &library.append) &&
                        LookUp(handle, "sd_bus_message_append_array", &library.append_array) &&
                        LookUp(handle, "sd_bus_message_open_container", &library.open) &&
                        LookUp(handle, "sd_bus_message_close_container", &library.end) &&
                        LookUp(handle, "sd_bus_message_read", &library.read) &&
                        LookUp(handle, "sd_bus_message_unref", &library.unref) &&
                        LookUp(handle, "sd_bus_call", &library.call) &&
                        LookUp(handle, "sd_bus_error_free", &library.free_error) &&
                        LookUp(handle, "sd_bus_get_property_string", &library.property) &&
                        LookUp(handle, "sd_bus_match_signal", &library.match) &&
                        LookUp(handle, "sd_bus_process", &library.process) &&
                        LookUp(handle, "sd_bus_wait", &library.wait);
  if (!complete) {
    return base::Fail(ErrorKind::kUnsupported, "--systemd-cgroup: {}", ::dlerror());
  }
  return library;
}

uint64_t NowUs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

class SystemdBus::Connection {
 public:
  explicit Connection(const Library& library) : library_(library) {}
  ~Connection() { library_.close(bus_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> Open(Whose whose);
  Result<std::string> ManagerProperty(const char* name);
  // A method of the manager. `fill` appends the arguments and returns a negative errno on error;
  // `job`, unless it is nullptr, gets the path that the method returns.
  template <typename Fill>
  Result<void> Call(const char* method, const std::string& unit, const Fill& fill, std::string* job,
                    std::string* error_name = nullptr);
  Result<void> AwaitJob(const std::string& job, const std::string& unit);
  int AppendProperties(sd_bus_message* message, const std::vector<Property>& properties) const;
  const Library& library() const { return library_; }

 private:
  static int OnJobRemoved(sd_bus_message* message, void* self, sd_bus_error* error);
  int AppendProperty(sd_bus_message* message, const Property& property) const;
  int AppendBytes(sd_bus_message* message, const std::vector<uint8_t>& bytes) const;
  int AppendPairs(sd_bus_message* message,
                  const std::vector<std::pair<std::string, std::string>>& pairs) const;

  Library library_;
  sd_bus* bus_ = nullptr;
  std::map<std::string, std::string> ended_jobs_;  // path -> "done", "failed", …
};

Result<void> SystemdBus::Connection::Open(Whose whose) {
  const int opened =
      whose == Whose::kUser ? library_.open_user(&bus_) : library_.open_system(&bus_);
  if (opened < 0) {
    return base::Fail(ErrorKind::kUnsupported, "--systemd-cgroup: connect to the {} bus: {}",
                      whose == Whose::kUser ? "user's" : "system", std::strerror(-opened));
  }
  const int matched = library_.match(bus_, nullptr, kService, kObject, kManager, "JobRemoved",
                                     &Connection::OnJobRemoved, this);
  if (matched < 0) {
    return base::FailErrnoText(-matched, "--systemd-cgroup: match JobRemoved");
  }
  return {};
}

int SystemdBus::Connection::OnJobRemoved(sd_bus_message* message, void* self, sd_bus_error*) {
  auto* connection = static_cast<Connection*>(self);
  uint32_t id = 0;
  const char* path = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (connection->library_.read(message, "uoss", &id, &path, &unit, &result) >= 0) {
    connection->ended_jobs_[path] = result;
  }
  return 0;
}

Result<std::string> SystemdBus::Connection::ManagerProperty(const char* name) {
  sd_bus_error error{};
  char* value = nullptr;
  const int got = library_.property(bus_, kService, kObject, kManager, name, &error, &value);
  const std::string why = error.message != nullptr ? error.message : std::strerror(-got);
  library_.free_error(&error);
  if (got < 0) {
    return base::Fail(ErrorKind::kSystem, "systemd: property {}: {}", name, why);
  }
  std::string text = value;
  ::free(value);
  return text;
}

template <typename Fill>
Result<void> SystemdBus::Connection::Call(const char* method, const std::string& unit,
                                          const Fill& fill, std::string* job,
                                          std::string* error_name) {
  sd_bus_message* message = nullptr;
  sd_bus_message* reply = nullptr;
  sd_bus_error error{};
  int status = library_.new_call(bus_, &message, kService, kObject, kManager, method);
  if (status >= 0) {
    status = fill(message);
  }
  if (status >= 0) {
    status = library_.call(bus_, message, kTimeoutUs, &error, &reply);
  }
  if (const char* path = nullptr; status >= 0 && job != nullptr) {
    status = library_.read(reply, "o", &path);
    *job = status >= 0 ? path : "";
  }
  const std::string why = error.message != nullptr ? error.message : std::strerror(-status);
  const std::string name = error.name != nullptr ? error.name : "";
  library_.free_error(&error);
  library_.unref(reply);
  library_.unref(message);
  if (status >= 0) {
    return {};
  }
  if (error_name != nullptr) {
    *error_name = name;
  }
  return base::Fail(name == kUnitExists ? ErrorKind::kExists : ErrorKind::kSystem,
                    "systemd: {} {}: {}", method, unit, why);
}

Result<void> SystemdBus::Connection::AwaitJob(const std::string& job, const std::string& unit) {
  const uint64_t end = NowUs() + kTimeoutUs;
  while (!ended_jobs_.contains(job)) {
    const int processed = library_.process(bus_, nullptr);
    const uint64_t now = NowUs();
    int waited = 0;
    if (processed == 0 && now < end) {
      waited = library_.wait(bus_, end - now);
    }
    if (processed < 0 || (waited < 0 && waited != -EINTR)) {
      return base::FailErrnoText(-std::min(processed, waited),
                                 fmt::format("systemd: wait for {}", unit));
    }
    if (now >= end) {
      return base::Fail(ErrorKind::kSystem, "systemd: {}: not done within {} s", unit,
                        kTimeoutUs / 1000000);
    }
  }
  if (ended_jobs_[job] != "done") {
    return base::Fail(ErrorKind::kSystem, "systemd: {}: the job ended with \"{}\"", unit,
                      ended_jobs_[job]);
  }
  return {};
}

int SystemdBus::Connection::AppendBytes(sd_bus_message* message,
                                        const std::vector<uint8_t>& bytes) const {
  int status = library_.open(message, 'v', "ay");
  if (status >= 0) {
    status = library_.append_array(message, 'y', bytes.data(), bytes.size());
  }
  return status < 0 ? status : library_.end(message);
}

int SystemdBus::Connection::AppendPairs(
    sd_bus_message* message, const std::vector<std::pair<std::string, std::string>>& pairs) const {
  int status = library_.open(message, 'v', "a(ss)");
  if (status >= 0) {
    status = library_.open(message, 'a', "(ss)");
  }
  for (const auto& [first, second] : pairs) {
    if (status >= 0) {
      status = library_.append(message, "(ss)", first.c_str(), second.c_str());
    }
  }
  if (status >= 0) {
    status = library_.end(message);
  }
  return status < 0 ? status : library_.end(message);
}

int SystemdBus::Connection::AppendProperty(sd_bus_message* message,
                                           const Property& property) const {
  int status = library_.open(message, 'r', "sv");
  if (status >= 0) {
    status = library_.append(message, "s", property.name.c_str());
  }
  if (status < 0) {
    return status;
  }
  if (const auto* flag = std::get_if<bool>(&property.value)) {
    status = library_.append(message, "v", "b", static_cast<int>(*flag));
  } else if (const auto* number = std::get_if<uint64_t>(&property.value)) {
    status = library_.append(message, "v", "t", *number);
  } else if (const auto* text = std::get_if<std::string>(&property.value)) {
    status = library_.append(message, "v", "s", text->c_str());
  } else if (const auto* bytes = std::get_if<std::vector<uint8_t>>(&property.value)) {
    status = AppendBytes(message, *bytes);
  } else {
    status = AppendPairs(
        message, std::get<std::vector<std::pair<std::string, std::string>>>(property.value));
  }
  return status < 0 ? status : library_.end(message);
}

int SystemdBus::Connection::AppendProperties(sd_bus_message* message,
                                             const std::vector<Property>& properties) const {
  for (const Property& property : properties) {
    if (const int status = AppendProperty(message, property); status < 0) {
      return status;
    }
  }
  return 0;
}

SystemdBus::SystemdBus(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
SystemdBus::SystemdBus(SystemdBus&&) noexcept = default;
SystemdBus& SystemdBus::operator=(SystemdBus&&) noexcept = default;
SystemdBus::~SystemdBus() = default;

Result<SystemdBus> SystemdBus::Connect(Whose whose) {
  MAYFLY_ASSIGN(const Library library, LoadLibrary());
  auto connection = std::make_unique<Connection>(library);
  MAYFLY_TRY(connection->Open(whose));
  return SystemdBus(std::move(connection));
}

Result<std::string> SystemdBus::ManagerGroup() {
  return connection_->ManagerProperty("ControlGroup");
}

Result<void> SystemdBus::StartScope(const Unit& unit, pid_t pid,
                                    const std::vector<Property>& properties) {
  const Library& library = connection_->library();
  const auto fill = [&](sd_bus_message* message) {
    int status = library.append(message, "ss", unit.name.c_str(), "fail");
    if (status >= 0) {
      status = library.open(message, 'a', "(sv)");
    }
    if (status >= 0) {
      status = library.append(message, "(sv)", "PIDs", "au", 1, static_cast<uint32_t>(pid));
    }
    if (status >= 0) {
      status = connection_->AppendProperties(message, properties);
    }
    if (status >= 0) {
      status = library.end(message);
    }
    return status < 0 ? status : library.append(message, "a(sa(sv))", 0);
  };
  std::string job;
  auto started = connection_->Call("StartTransientUnit", unit.name, fill, &job);
  if (!started && started.error().kind() == ErrorKind::kExists) {
    // A failed scope of an earlier container with this name: forgotten, it makes room.
    MAYFLY_TRY(connection_->Call(
        "ResetFailedUnit", unit.name,
        [&](sd_bus_message* message) { return library.append(message, "s", unit.name.c_str()); },
        nullptr));
    started = connection_->Call("StartTransientUnit", unit.name, fill, &job);
  }
  MAYFLY_TRY(std::move(started));
  return connection_->AwaitJob(job, unit.name);
}

Result<void> SystemdBus::SetProperties(const std::string& unit,
                                       const std::vector<Property>& properties) {
  const Library& library = connection_->library();
  constexpr int kRuntime = 1;
  return connection_->Call(
      "SetUnitProperties", unit,
      [&](sd_bus_message* message) {
        int status = library.append(message, "sb", unit.c_str(), kRuntime);
        if (status >= 0) {
          status = library.open(message, 'a', "(sv)");
        }
        if (status >= 0) {
          status = connection_->AppendProperties(message, properties);
        }
        return status < 0 ? status : library.end(message);
      },
      nullptr);
}

Result<void> SystemdBus::Stop(const std::string& unit) {
  const Library& library = connection_->library();
  std::string job;
  std::string error_name;
  auto stopped = connection_->Call(
      "StopUnit", unit,
      [&](sd_bus_message* message) {
        return library.append(message, "ss", unit.c_str(), "replace");
      },
      &job, &error_name);
  if (!stopped) {
    return error_name == kNoSuchUnit ? Result<void>() : stopped;
  }
  MAYFLY_TRY(connection_->AwaitJob(job, unit));
  // Gone in the usual case, which is an error that says so.
  (void)connection_->Call(
      "ResetFailedUnit", unit,
      [&](sd_bus_message* message) { return library.append(message, "s", unit.c_str()); }, nullptr);
  return {};
}

}  // namespace mayfly::cgroup
