#include "host.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "bundle.h"

namespace mayfly::test {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

void CollectNamed(const fs::path& directory, const std::string& id,
                  std::vector<std::string>& found) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) {
      if (entry.path().filename().string().find(id) != std::string::npos) {
        found.push_back(entry.path());
      }
      CollectNamed(entry.path(), id, found);
    }
  }
}

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> pids;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    if (const pid_t pid = std::atoi(entry.path().filename().c_str()); pid > 0) {
      pids.push_back(pid);
    }
  }
  return pids;
}

}  // namespace

std::vector<std::string> MountsBelow(const fs::path& directory) {
  std::vector<std::string> found;
  for (const std::string& line : Lines(ReadFile("/proc/self/mountinfo"))) {
    const std::string point = Split(line, ' ').at(4);
    if (point == directory || point.starts_with(directory.string() + "/")) {
      found.push_back(point);
    }
  }
  return found;
}

std::map<std::string, std::string> CgroupMounts() {
  std::map<std::string, std::string> mounts;
  for (const std::string& line : Lines(ReadFile("/proc/self/mountinfo"))) {
    const size_t dash = line.find(" - ");
    const std::vector<std::string> head = Split(line.substr(0, dash), ' ');
    const std::vector<std::string> tail = Split(line.substr(dash + 3), ' ');
    if (tail.at(0) == "cgroup2") {
      mounts[""] = head.at(4);
    } else if (tail.at(0) == "cgroup") {
      for (const std::string& option : Split(tail.at(2), ',')) {
        if (option != "rw" && option != "ro" && option != "xattr") {
          mounts[option] = head.at(4);
        }
      }
    }
  }
  return mounts;
}

std::vector<std::string> CgroupsNamed(const std::string& id) {
  std::vector<std::string> found;
  if (id.empty()) {
    return found;  // every name holds ""
  }
  for (const auto& [controller, mount_point] : CgroupMounts()) {
    CollectNamed(mount_point, id, found);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string CgroupOf(pid_t pid, const std::string& controller) {
  const auto mounts = CgroupMounts();
  const std::string wanted = mounts.contains(controller) ? controller : "";
  for (const std::string& line : Lines(ReadFile("/proc/" + std::to_string(pid) + "/cgroup"))) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    const std::string listed = line.substr(first + 1, second - first - 1);
    const std::vector<std::string> names = Split(listed, ',');
    if (listed == wanted || std::find(names.begin(), names.end(), wanted) != names.end()) {
      return mounts.at(wanted) + line.substr(second + 1);
    }
  }
  return "";
}

std::vector<pid_t> ProcessesInCgroups(const std::string& id) {
  std::vector<pid_t> found;
  if (id.empty()) {
    return found;  // every path holds ""
  }
  for (const pid_t pid : AllProcesses()) {
    if (ReadFile("/proc/" + std::to_string(pid) + "/cgroup").find(id) != std::string::npos &&
        IsAlive(pid)) {
      found.push_back(pid);
    }
  }
  return found;
}

std::vector<pid_t> OwnChildren() {
  const std::string self = std::to_string(::getpid());
  std::vector<pid_t> children;
  for (const std::string& pid : Split(ReadFile("/proc/self/task/" + self + "/children"), ' ')) {
    children.push_back(std::atoi(pid.c_str()));
  }
  return children;
}

std::string NamespaceOf(pid_t pid, const std::string& name) {
  std::error_code error;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + name, error).string();
}

bool IsAlive(pid_t pid) {
  const std::string text = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  const size_t end = text.rfind(')');
  return end != std::string::npos && text.size() > end + 2 && text[end + 2] != 'Z' &&
         text[end + 2] != 'X';
}

bool KillOne(pid_t pid) { return pid > 1 && ::kill(pid, SIGKILL) == 0; }

}  // namespace mayfly::test
