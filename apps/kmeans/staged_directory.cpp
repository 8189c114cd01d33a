#include "apps/kmeans/staged_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "apps/run/numbered_name.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = "lock", kTemporary[] = ".tmp";

fs::path plain(const fs::path& directory) {
  fs::path path = fs::absolute(directory).lexically_normal();  // an absolute path, since "." has no name
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

StagedDirectory::StagedDirectory(const fs::path& directory, std::string mark)
    : directory_(plain(directory)), mark_(std::move(mark)) {
  check_replaceable();
  engine::create_directories(directory_.parent_path());
  clear_leftovers();
  staged_ = engine::concat(directory_.string(), ".", getpid(), kTemporary);
  engine::create_directory(staged_);
  lock_.emplace(staged_);
}

StagedDirectory::~StagedDirectory() {
  std::error_code ignored;
  if (lock_) fs::remove_all(staged_, ignored);
}

void StagedDirectory::check_replaceable() const {
  std::error_code error;
  if (!fs::exists(directory_, error)) return;
  if (!fs::is_directory(directory_, error))
    throw engine::Error(directory_.string() + " is no directory; give --out DIR to store the results elsewhere");
  if (fs::exists(directory_ / mark_, error) || fs::is_empty(directory_, error)) return;
  throw engine::Error(engine::concat(directory_.string(), " has other contents than earlier results (no ", mark_,
                                     "), which would be lost; give --out DIR to store the results elsewhere"));
}

/// Removes "NAME.PROCESS.tmp" of processes that have ended: the lock in it is free.
void StagedDirectory::clear_leftovers() const {
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(directory_.parent_path())) {
    const std::string name = entry.path().filename();
    if (number_in(name, directory_.filename().string() + ".", kTemporary) && entry.is_directory())
      left.push_back(entry.path());
  }
  for (const fs::path& path : left) {
    try {
      const RunLock lock(path);
      engine::remove_all(path);
    } catch (const engine::Error&) {}  // in use, or not ours to remove
  }
}

void StagedDirectory::commit() {
  check_replaceable();
  engine::sync_directory(staged_);
  if (fs::exists(directory_)) {
    const bool exchanged = renameat2(AT_FDCWD, staged_.c_str(), AT_FDCWD, directory_.c_str(), RENAME_EXCHANGE) == 0;
    if (!exchanged) {  // not every file system can
      engine::remove_all(directory_);
      engine::rename_path(staged_, directory_);
    }
  } else {
    engine::rename_path(staged_, directory_);
  }
  engine::sync_directory(directory_.parent_path());
  lock_.reset();
  std::error_code ignored;  // the results are stored
  fs::remove(directory_ / kLock, ignored);
  fs::remove_all(staged_, ignored);
}

}  // namespace apps
