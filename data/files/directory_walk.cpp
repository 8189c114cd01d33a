#include "data/files/directory_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr unsigned kMostThreads = 8;

/// A directory on the way from the root to another: where a link leads back to.
struct Ancestor {
  dev_t device;
  ino_t inode;
  std::shared_ptr<const Ancestor> parent;
};

struct Pending {
  std::string name;  // relative to the root
  std::shared_ptr<const Ancestor> parent;
};

[[noreturn]] void fail(const fs::path& path) {
  throw DataError(concat("cannot list ", path, ": ", std::strerror(errno)));
}

DirectoryState state_from(const struct stat& status) {
  return {.inode = status.st_ino, .changed_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

class Walker {
 public:
  explicit Walker(const fs::path& root) : root_(root) { pending_.push_back({}); }

  DirectoryWalk run() {
    std::vector<std::jthread> threads;
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    for (unsigned i = 1; i < count; ++i) threads.emplace_back([this] { work(); });
    work();
    threads.clear();
    if (failure_) std::rethrow_exception(failure_);
    result_.files.sort();
    std::ranges::sort(result_.directories, {}, &WalkedDirectory::name);
    return std::move(result_);
  }

 private:
  void work() {
    DirectoryWalk mine;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !pending_.empty() || at_work_ == 0 || failure_; });
      if (pending_.empty() || failure_) break;
      const Pending directory = std::move(pending_.back());
      pending_.pop_back();
      ++at_work_;
      lock.unlock();
      std::vector<Pending> found;
      std::exception_ptr failure;
      try {
        found = read(directory, mine);
      } catch (...) { failure = std::current_exception(); }
      lock.lock();
      --at_work_;
      if (failure && !failure_) failure_ = failure;
      std::ranges::move(found, std::back_inserter(pending_));
      changed_.notify_all();
    }
    result_.files.append(mine.files);
    std::ranges::move(mine.directories, std::back_inserter(result_.directories));
  }

  /// Returns the directories in it.
  std::vector<Pending> read(const Pending& directory, DirectoryWalk& walk) const {
    const fs::path path = directory.name.empty() ? root_ : root_ / directory.name;
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(path.c_str()), closedir);
    if (!stream) fail(path);
    struct stat status {};
    if (fstat(dirfd(stream.get()), &status) != 0) fail(path);
    for (const Ancestor* above = directory.parent.get(); above != nullptr; above = above->parent.get()) {
      if (above->device == status.st_dev && above->inode == status.st_ino) return {};  // a link back
    }
    walk.directories.push_back({.name = directory.name, .state = state_from(status)});
    const auto self = std::make_shared<const Ancestor>(Ancestor{status.st_dev, status.st_ino, directory.parent});

    std::vector<Pending> found;
    std::string name = directory.name.empty() ? "" : directory.name + '/';
    const std::size_t prefix = name.size();
    while (true) {
      errno = 0;
      const dirent* entry = readdir(stream.get());  // each thread reads a stream of its own
      if (entry == nullptr && errno != 0) fail(path);
      if (entry == nullptr) return found;
      if (entry->d_name[0] == '.') continue;
      name.replace(prefix, std::string::npos, entry->d_name);
      if (entry->d_type == DT_DIR) {
        found.push_back({name, self});
        continue;
      }
      if (fstatat(dirfd(stream.get()), entry->d_name, &status, 0) != 0) {
        if (errno != ENOENT && errno != ELOOP) fail(path / entry->d_name);
        if (entry->d_type == DT_LNK) walk.files.add(name, 0);  // otherwise it was removed meanwhile
      } else if (S_ISDIR(status.st_mode)) {
        found.push_back({name, self});
      } else if (S_ISREG(status.st_mode)) {
        walk.files.add(name, static_cast<std::uint64_t>(status.st_size));
      }
    }
  }

  const fs::path& root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Pending> pending_;
  int at_work_ = 0;  // threads that may yet find directories
  std::exception_ptr failure_;
  DirectoryWalk result_;
};

}  // namespace

DirectoryState state_of(const fs::path& directory) {
  struct stat status {};
  if (stat(directory.c_str(), &status) != 0) fail(directory);
  return state_from(status);
}

DirectoryWalk walk_directory(const fs::path& root) { return Walker(root).run(); }

}  // namespace data
