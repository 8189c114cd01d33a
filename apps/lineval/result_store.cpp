#include "apps/lineval/result_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "apps/lineval/stop.h"
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
constexpr std::string_view kRoom = "room.";      // "room.PROCESS.tmp": a test file that checks for free space
constexpr std::string_view kStaged = "new.tmp";  // the directory that an evaluation first writes its files to
constexpr std::string_view kWhole = "new.";      // "new.N": all files are written; the files before them get number N

/// "lineval.3.json"
fs::path numbered(const fs::path& file, std::int64_t number) {
  return file.parent_path() / fmt::format("{}.{}{}", file.stem().string(), number, file.extension().string());
}

/// A number that no earlier evaluation's files have.
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

/// Moves the files out of DIRECTORY/new.N after renaming the previously newest files to number N. If a kill interrupted
/// it, it can run again: a file that is still in new.N has not been moved yet.
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

/// Whether a directory contains only files of an evaluation.
bool has_our_files_only(const fs::path& directory) {
  return std::all_of(fs::directory_iterator(directory), fs::directory_iterator(), [](const auto& entry) {
    const fs::path name = entry.path().filename();
    const fs::path file = name.extension() == kTemporary ? name.stem() : name;
    return std::find(std::begin(kFiles), std::end(kFiles), file) != std::end(kFiles);
  });
}

/// Whether this is the name of a temporary file.
bool is_temporary(const std::string& name) {
  return number_in(name, kRoom, kTemporary) || std::any_of(std::begin(kFiles), std::end(kFiles), [&](const char* file) {
           return name == engine::concat(file, kTemporary);
         });
}

/// Removes or completes what killed evaluations left. The caller must hold the lock. Leaves other files alone: --out
/// may be a directory with files of other programs.
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

/// While it lives, no other evaluation stores results.
class Lock {
 public:
  explicit Lock(const fs::path& directory) : file_(opened(directory)) {
    // A file system without locks must not prevent storing; there, evaluations must not store at the same moment.
    while (file_.try_lock() == engine::Locking::held) {
      stop_if_asked();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  /// Retries, since another evaluation may be removing the directory while it is empty.
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

/// Throws unless `bytes` can be written into the directory. The file is unlinked at once, so nobody sees it.
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
    if (fs::exists(staged)) throw engine::Error(staged.string() + " exists and was not written by lineval; rename it");
    try {
      engine::create_directories(staged);
      write_files(staged);
    } catch (const engine::Error&) {
      std::error_code ignored;  // frees the space of half-written files on a full disk
      fs::remove_all(staged, ignored);
      throw;
    }
    const std::int64_t number = next_number(directory_);
    const fs::path whole = directory_ / fmt::format("{}{}", kWhole, number);
    engine::rename_path(staged, whole);  // from here on the evaluation is stored
    engine::sync_directory(directory_);
    take_over(whole, number);
  } catch (const Interrupted&) { throw; } catch (const engine::Error& error) {
    throw engine::Error(engine::concat("the results were not stored in ", directory_.string(), ": ", error.what()));
  }
}

}  // namespace apps
