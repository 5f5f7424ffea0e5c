// Store: the directory --root, with one directory a container: state.json, the configuration and,
// until `start`, start.sock.
//
// mkdir(2) of a container's directory claims its id. A command that changes a container holds an
// flock(2) on the directory; readers need none, as state.json is replaced atomically.
//
// Sources: flock(2); unix(7). Ownership: an Entry holds the directory and, when locked, its lock.
// Fork: the lock belongs to the open file: the init closes its copy first of all.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "container/state.h"
#include "oci/spec.h"

namespace mayfly::container {

// A valid id: letters, digits, '_', '+', '-', '.', at most 1024, not ".", ".." or the store's own
// ".seccomp".
base::Result<void> ValidateId(const std::string& id);

class Entry {
 public:
  Entry(base::UniqueFd dir, std::string id, std::string path)
      : dir_(std::move(dir)), id_(std::move(id)), path_(std::move(path)) {}

  const std::string& id() const { return id_; }
  const std::string& path() const { return path_; }
  int dir_fd() const { return dir_.get(); }

  base::Result<State> ReadState() const;
  base::Result<void> WriteState(const State& state) const;

  // The configuration that the container was made from: `exec` and `update` go by it, whatever
  // becomes of the bundle. `bundle` is the bundle's directory.
  base::Result<void> WriteConfig(std::string_view bytes) const;
  base::Result<std::string> ReadConfigText() const;
  base::Result<oci::Spec> ReadConfig(const std::string& bundle) const;

  // linux.cgroupsPath as given, in a link of its own: what is left to follow when state.json is
  // damaged.
  base::Result<void> WriteCgroupsPath(const std::string& path) const;
  std::string ReadCgroupsPath() const;

  // The socket that `start` connects to; there until the container was started.
  base::Result<base::UniqueFd> ListenForStart() const;
  base::Result<base::UniqueFd> ConnectToStart() const;
  bool HasStartSocket() const;
  void RemoveStartSocket() const;

 private:
  base::UniqueFd dir_;
  std::string id_;
  std::string path_;
};

class Store {
 public:
  // Opens --root, making it (0711, as runc does) when it is missing.
  static base::Result<Store> Open(const std::string& root);

  // Claims an id; the entry is locked. Error kind exists when it is in use.
  base::Result<Entry> Create(const std::string& id) const;
  // An existing container; error kind not-found: `container "c1" does not exist`.
  base::Result<Entry> Find(const std::string& id) const;
  base::Result<Entry> FindLocked(const std::string& id) const;

  base::Result<std::vector<std::string>> Ids() const;
  base::Result<void> Remove(const Entry& entry) const;
  // Whether some command holds the lock right now.
  static bool IsLocked(const Entry& entry);

  const std::string& root() const { return root_; }
  // Where compiled seccomp filters are kept: beside the containers, and gone with them at a reboot.
  std::string SeccompCache() const;

 private:
  Store(base::UniqueFd dir, std::string root) : dir_(std::move(dir)), root_(std::move(root)) {}

  base::UniqueFd dir_;
  std::string root_;
};

}  // namespace mayfly::container
