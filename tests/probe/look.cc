// What any program can tell, native or Wasm: its arguments, environment, working directory and
// files.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#ifndef __wasi__
#include <sys/sysmacros.h>
#endif

#include "commands.h"

extern "C" char** environ;

namespace mayfly::probe {

namespace {

constexpr size_t kMaxContent = 8192;

nlohmann::json LookArguments() { return OwnArguments(); }

nlohmann::json LookEnvironment() {
  nlohmann::json list = nlohmann::json::array();
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    list.push_back(*entry);
  }
  return list;
}

nlohmann::json LookDirectory() {
  std::array<char, PATH_MAX> path{};
  return ::getcwd(path.data(), path.size()) == nullptr ? "errno " + ErrnoName(errno)
                                                       : std::string(path.data());
}

std::string TypeName(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symlink";
  if (S_ISCHR(mode)) return "char";
  if (S_ISBLK(mode)) return "block";
  if (S_ISFIFO(mode)) return "fifo";
  return "other";
}

nlohmann::json Entries(const std::string& path) {
  std::vector<std::string> names;
  if (DIR* directory = ::opendir(path.c_str()); directory != nullptr) {
    while (const dirent* entry = ::readdir(directory)) {
      if (const std::string name = entry->d_name; name != "." && name != "..") {
        names.push_back(name);
      }
    }
    ::closedir(directory);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Whether the path can be written: an existing file by opening it, a directory by making a file in
// it.
std::string WriteError(const std::string& path, bool is_directory) {
  const std::string target = is_directory ? path + "/.probe-write" : path;
  const int flags = is_directory ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY | O_NONBLOCK;
  const int fd = ::open(target.c_str(), flags, 0600);
  if (fd < 0) {
    return ErrnoName(errno);
  }
  ::close(fd);
  if (is_directory) {
    ::unlink(target.c_str());
  }
  return "0";
}

nlohmann::json Describe(const std::string& path) {
  struct stat link_status{};
  if (::lstat(path.c_str(), &link_status) != 0) {
    return {{"error", ErrnoName(errno)}};
  }
  nlohmann::json seen = {{"error", "0"}, {"type", TypeName(link_status.st_mode)}};
  struct stat status = link_status;
  if (S_ISLNK(link_status.st_mode)) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    seen["target"] =
        length < 0 ? std::string() : std::string(target.data(), static_cast<size_t>(length));
    if (::stat(path.c_str(), &status) != 0) {
      seen["target_error"] = ErrnoName(errno);
      return seen;
    }
    seen["target_type"] = TypeName(status.st_mode);
  }
  seen["mode"] = static_cast<unsigned>(status.st_mode & 07777U);
  seen["size"] = static_cast<int64_t>(status.st_size);
#ifndef __wasi__
  seen["uid"] = status.st_uid;
  seen["gid"] = status.st_gid;
  seen["major"] = major(status.st_rdev);
  seen["minor"] = minor(status.st_rdev);
#endif
  const bool is_directory = S_ISDIR(status.st_mode);
  int error = 0;
  if (is_directory) {
    seen["entries"] = Entries(path);
  } else if (S_ISREG(status.st_mode)) {
    seen["content"] = ReadWhole(path, &error).substr(0, kMaxContent);
    seen["read_error"] = ErrnoName(error);
  }
  if (is_directory || S_ISREG(status.st_mode) || S_ISCHR(status.st_mode)) {
    seen["write_error"] = WriteError(path, is_directory);
  }
  return seen;
}

int RunFiles(const Args& paths) {
  nlohmann::json all = nlohmann::json::object();
  for (const std::string& path : paths) {
    all[path] = Describe(path);
  }
  Print(all);
  return 0;
}

int RunReport(const Args& wanted) {
  nlohmann::json report = nlohmann::json::object();
  std::vector<std::span<const Section>> tables = {PortableSections()};
#ifndef __wasi__
  tables.push_back(LinuxSections());
#endif
  for (const auto& table : tables) {
    for (const Section& section : table) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), section.name) != wanted.end()) {
        report[std::string(section.name)] = section.look();
      }
    }
  }
  Print(report);
  return report.size() < wanted.size() ? kBadUse : 0;
}

constexpr std::array kSections = {Section{"argv", LookArguments}, Section{"env", LookEnvironment},
                                  Section{"cwd", LookDirectory}};
constexpr std::array kCommands = {
    Command{"report", "[SECTION...]: what this process sees, as JSON", RunReport},
    Command{"files", "PATH...: type, mode, content, whether it can be written, as JSON", RunFiles},
};

}  // namespace

std::string ReadWhole(const std::string& path, int* error) {
  std::string content;
  const int fd = ::open(path.c_str(), O_RDONLY);
  *error = fd < 0 ? errno : 0;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 1; fd >= 0 && count > 0;) {
    count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0) {
      *error = errno;
    } else {
      content.append(buffer.data(), static_cast<size_t>(count));
    }
  }
  if (fd >= 0) {
    ::close(fd);
  }
  return content;
}

std::string ErrnoName(int number) {
  switch (number) {
    case 0:
      return "0";
    case EACCES:
      return "EACCES";
    case EBADF:
      return "EBADF";
    case EBUSY:
      return "EBUSY";
    case EEXIST:
      return "EEXIST";
    case EINVAL:
      return "EINVAL";
    case EIO:
      return "EIO";
    case EISDIR:
      return "EISDIR";
    case ELOOP:
      return "ELOOP";
    case ENOENT:
      return "ENOENT";
    case ENOTDIR:
      return "ENOTDIR";
    case ENXIO:
      return "ENXIO";
    case EPERM:
      return "EPERM";
    case EROFS:
      return "EROFS";
    case ESRCH:
      return "ESRCH";
    case EAGAIN:
      return "EAGAIN";
    case ENOMEM:
      return "ENOMEM";
    case ENODEV:
      return "ENODEV";
    case EXDEV:
      return "EXDEV";
#ifdef ENOTCAPABLE
    case ENOTCAPABLE:
      return "ENOTCAPABLE";
#endif
    default:
      return std::to_string(number);
  }
}

void Print(const nlohmann::json& document) {
  const std::string text = document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

std::span<const Section> PortableSections() { return kSections; }
std::span<const Command> LookCommands() { return kCommands; }

}  // namespace mayfly::probe
