// Bundle: an OCI bundle in a directory: a rootfs with the probe, and a config.json that tests
// change.
//
// The configuration starts as `runc spec` has it, without a terminal. Rootfs: the probe at /probe,
// empty directories for what is usually mounted on, /etc/passwd.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mayfly::test {

enum class Guest : unsigned char { kNative, kWasm };

class Bundle {
 public:
  Bundle() = default;
  Bundle(std::filesystem::path directory, Guest guest);

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path rootfs() const { return directory_ / "rootfs"; }

  // What config.json will hold; Save() writes it.
  nlohmann::json config;
  void Save() const;
  void SaveText(const std::string& text) const;

  // process.args = the probe and these arguments.
  void Probe(const std::vector<std::string>& args);
  // Adds a mount at the end.
  void Mount(const std::string& destination, const std::string& type, const std::string& source,
             const std::vector<std::string>& options);
  // linux.namespaces without that type; with a path when one is given.
  void DropNamespace(const std::string& type);
  void JoinNamespace(const std::string& type, const std::string& path);
  // All five sets.
  void Capabilities(const std::vector<std::string>& names);

 private:
  std::filesystem::path directory_;
};

// Writes a file, making its directories.
void WriteFile(const std::filesystem::path& path, const std::string& text);
std::string ReadFile(const std::filesystem::path& path);

}  // namespace mayfly::test
