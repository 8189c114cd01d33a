#include "data/files/file_list.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "data/files/directory_walk.h"
#include "data/files/list_cache.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr std::int64_t kFewestKept = 10000;  // fewer are listed in less time than a user notices

}  // namespace

FileList::FileList(std::string names, std::vector<std::uint64_t> ends, std::vector<std::uint64_t> bytes)
    : names_(std::move(names)), ends_(std::move(ends)), bytes_(std::move(bytes)) {}

void FileList::add(std::string_view name, std::uint64_t bytes) {
  names_ += name;
  ends_.push_back(names_.size());
  bytes_.push_back(bytes);
}

void FileList::append(const FileList& other) {
  const std::uint64_t before = names_.size();
  names_ += other.names_;
  for (const std::uint64_t end : other.ends_) ends_.push_back(before + end);
  bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
}

void FileList::sort() {
  std::vector<std::int64_t> order(ends_.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::ranges::sort(order, {}, [this](std::int64_t i) { return name(i); });
  FileList sorted;
  sorted.names_.reserve(names_.size());
  sorted.ends_.reserve(ends_.size());
  sorted.bytes_.reserve(bytes_.size());
  for (const std::int64_t i : order) sorted.add(name(i), bytes(i));
  *this = std::move(sorted);
}

std::string_view FileList::name(std::int64_t i) const {
  const std::uint64_t begin = i == 0 ? 0 : ends_[static_cast<std::size_t>(i - 1)];
  return std::string_view(names_).substr(begin, ends_[static_cast<std::size_t>(i)] - begin);
}

std::optional<fs::path> cache_directory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return fs::path(cache) / "antipode";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return fs::path(home) / ".cache" / "antipode";
  }
  return std::nullopt;
}

FileList list_files(const fs::path& directory, const std::optional<fs::path>& cache) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error) throw DataError(concat("cannot list ", directory, ": ", error.message()));
  if (cache) {
    if (std::optional<FileList> kept = kept_list(*cache, root)) return *std::move(kept);
  }
  DirectoryWalk walk = walk_directory(root);
  if (cache && walk.files.size() >= kFewestKept) keep_list(*cache, root, walk);
  return std::move(walk.files);
}

}  // namespace data
