#include "apps/evaluation/result_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "apps/evaluation/stop.h"
#include "apps/run/exit_code.h"
#include "apps/run/numbered_name.h"
#include "engine/io/descriptor.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles[] = {"lineval.json", "knn.json", "linear_head.safetensors"};
constexpr std::string_view kTemporary = ".tmp";
constexpr std::string_view kRoom = "room.";      // "room.PROCESS.tmp" finds out whether there is room
constexpr std::string_view kStaged = "new.tmp";  // the directory that an evaluation's files are written to
constexpr std::string_view kWhole = "new.";      // "new.N" has all of them; N is for those before

/// "lineval.3.json"
fs::path numbered(const fs::path& file, std::int64_t number) {
  return file.parent_path() / fmt::format("{}.{}{}", file.stem().string(), number, file.extension().string());
}

/// One that no file of an earlier evaluation has.
std::int64_t next_number(const fs::path& directory) {
  std::int64_t largest = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    for (const fs::path file : kFiles) {
      const std::string name = entry.path().filename(), stem = file.stem().string() + ".";
      largest = std::max(largest, number_in(name, stem, file.extension().string()).value_or(0));
    }
  }
  return largest + 1;
}

/// Moves the files out of DIRECTORY/new.N, and those that were the newest before to the number N. Begun again after a
/// kill it goes on: a file that is still inside has not replaced the one outside.
void take_over(const fs::path& whole, std::int64_t number) {
  const fs::path directory = whole.parent_path();
  for (const char* file : kFiles) {
    if (!fs::exists(whole / file)) continue;
    if (fs::exists(directory / file)) engine::rename_path(directory / file, numbered(directory / file, number));
    engine::rename_path(whole / file, directory / file);
  }
  engine::sync_directory(directory);
  engine::remove_all(whole);
}

/// Whether there is nothing else inside a directory than what an evaluation puts there.
bool has_our_files_only(const fs::path& directory) {
  return std::all_of(fs::directory_iterator(directory), fs::directory_iterator(), [](const auto& entry) {
    const fs::path name = entry.path().filename();
    const fs::path file = name.extension() == kTemporary ? name.stem() : name;
    return std::find(std::begin(kFiles), std::end(kFiles), file) != std::end(kFiles);
  });
}

/// Whether the name is that of a file which is written to be renamed or removed.
bool is_temporary(const std::string& name) {
  return number_in(name, kRoom, kTemporary) || std::any_of(std::begin(kFiles), std::end(kFiles), [&](const char* file) {
           return name == engine::concat(file, kTemporary);
         });
}

/// Puts in order what killed evaluations left. Only for who holds the lock; and only what is ours, as --out may be a
/// directory that has files of others.
void clear_leftovers(const fs::path& directory) {
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(directory)) left.push_back(entry.path());
  for (const fs::path& path : left) {
    const std::string name = path.filename();
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (is_temporary(name)) engine::remove_all(path);
    } else if (has_our_files_only(path)) {
      if (name == kStaged) engine::remove_all(path);
      if (const auto number = number_in(name, kWhole)) take_over(path, *number);
    }
  }
}

/// Keeps other evaluations from storing while it lives.
class Lock {
 public:
  explicit Lock(const fs::path& directory) : file_(opened(directory)) {
    // A file system without locks is no reason to lose results: there evaluations should not end at one moment.
    while (file_.try_lock() == engine::Locking::held) {
      stop_if_asked();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  /// Another evaluation may just be removing the directory, as there is nothing in it.
  static engine::Descriptor opened(const fs::path& directory) {
    for (int attempts_left = 3;; --attempts_left) {
      try {
        engine::create_directories(directory);
        return {directory / "lineval.lock", O_RDWR | O_CREAT};
      } catch (const engine::Error&) {
        if (attempts_left == 0) throw;
      }
    }
  }

  engine::Descriptor file_;
};

fs::path first_missing(fs::path directory) {
  fs::path missing;
  std::error_code error;
  for (; !directory.empty() && !fs::exists(directory, error) && !error; directory = directory.parent_path()) {
    missing = directory;
  }
  return missing;
}

/// Throws unless so many bytes can be written into the directory. The file is gone before anyone sees it.
void try_to_write(const fs::path& directory, std::uint64_t bytes) {
  engine::Descriptor file(directory / fmt::format("{}{}{}", kRoom, getpid(), kTemporary), O_WRONLY | O_CREAT | O_TRUNC);
  unlink(file.path().c_str());
  const std::string zeros(1 << 16, '\0');
  for (; bytes > 0; bytes -= std::min<std::uint64_t>(bytes, zeros.size())) {
    file.write(std::string_view(zeros).substr(0, bytes));
  }
}

/// Removes `directory` and its parents up to `first`, as long as they are empty.
void remove_empty(fs::path directory, const fs::path& first) {
  if (first.empty()) return;
  std::error_code error;
  for (; fs::is_directory(directory, error) && fs::remove(directory, error); directory = directory.parent_path()) {
    if (directory == first) return;
  }
}

}  // namespace

ResultStore::ResultStore(fs::path directory, std::uint64_t bytes)
    : directory_(std::move(directory)), missing_(first_missing(directory_)) {
  try {
    engine::create_directories(directory_);
    try_to_write(directory_, bytes);
  } catch (const engine::Error& error) {
    remove_empty(directory_, missing_);
    throw engine::Error(engine::concat("the results of an evaluation cannot be stored in ", directory_.string(), ": ",
                                       error.what(), "; give --out DIR to store them elsewhere"));
  }
}

ResultStore::~ResultStore() { remove_empty(directory_, missing_); }

void ResultStore::store(const std::function<void(const fs::path&)>& write_files) {
  try {
    const Lock lock(directory_);
    clear_leftovers(directory_);
    const fs::path staged = directory_ / kStaged;
    if (fs::exists(staged))
      throw engine::Error(staged.string() + " is in the way, and not of an evaluation; rename it");
    try {
      engine::create_directories(staged);
      write_files(staged);
    } catch (const engine::Error&) {
      std::error_code ignored;  // half the files must not keep a full disk full
      fs::remove_all(staged, ignored);
      throw;
    }
    const std::int64_t number = next_number(directory_);
    const fs::path whole = directory_ / fmt::format("{}{}", kWhole, number);
    engine::rename_path(staged, whole);  // from here on the evaluation counts
    engine::sync_directory(directory_);
    take_over(whole, number);
  } catch (const Interrupted&) { throw; } catch (const engine::Error& error) {
    throw engine::Error(engine::concat("the results were not stored in ", directory_.string(), ": ", error.what()));
  }
}

}  // namespace apps
