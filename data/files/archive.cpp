#include "data/files/archive.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "data/files/tar.h"
#include "data/files/unpack.h"
#include "kernels/runtime/error.h"

namespace data {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

Archive::Archive(const fs::path& path, std::uint64_t most_unpacked_bytes) : path_(path) {
  try {
    mapped_.emplace(path);
  } catch (const engine::Error& error) { throw DataError(concat("tar: ", error.what())); }
  bool too_large = false;
  try {
    bytes_ = mapped_->bytes();
    if (bytes_.empty()) throw DataError("it is empty");
    if (is_packed(bytes_)) {
      auto unpacked = unpack(bytes_, most_unpacked_bytes);
      too_large = !unpacked;
      unpacked_ = std::move(unpacked).value_or(std::vector<std::uint8_t>());
      bytes_ = std::as_bytes(std::span(unpacked_));
      mapped_.reset();
    }
    if (!too_large) read_headers();
  } catch (const DataError& reason) {
    throw DataError(concat("tar: cannot read ", path, ": ", reason.what(), "; fetch or pack it again"));
  }
  if (too_large) {
    throw DataError(concat("tar: ", path, " unpacks to more than ", most_unpacked_bytes,
                           " bytes, the most that are held in memory; decompress it, and it is read from the disk"));
  }
}

void Archive::read_headers() {
  TarReader reader(bytes_);
  while (const std::optional<TarFile> file = reader.next()) {
    if (!file->link.empty()) links_.emplace(files_.size(), file->link);
    files_.add(file->name, file->bytes);
    offsets_.push_back(file->offset);
  }
}

std::span<const std::byte> Archive::read(std::int64_t i) const {
  if (const auto link = links_.find(i); link != links_.end()) {
    throw DataError(concat(path_.string(), ": ", files_.name(i), " is a link to ", link->second,
                           "; pack with tar's --dereference --hard-dereference"));
  }
  const std::uint64_t begin = offsets_[static_cast<std::size_t>(i)], end = begin + files_.bytes(i);
  std::error_code
      gone;  // what was mapped stays readable after the file was removed or replaced, but not after it was cut
  if (mapped_ && fs::file_size(path_, gone) < end && !gone) {
    throw DataError(concat(path_.string(), ": ", files_.name(i), " was cut off since the archive was opened"));
  }
  return bytes_.subspan(begin, end - begin);
}

std::shared_ptr<const Archive> open_archive(const fs::path& path) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const Archive>> open;
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) throw DataError(concat("tar: cannot read ", path, ": ", error.message()));
  const auto changed = fs::last_write_time(real, error).time_since_epoch().count();
  const std::string key = concat(real.native(), '\n', fs::file_size(real, error), '\n', changed);
  const std::lock_guard lock(mutex);
  std::erase_if(open, [](const auto& entry) { return entry.second.expired(); });
  if (auto archive = open[key].lock()) return archive;
  auto archive = std::make_shared<const Archive>(path);
  open[key] = archive;
  return archive;
}

}  // namespace data
