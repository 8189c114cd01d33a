#include "data/files/archive_set.h"

#include <algorithm>
#include <tuple>

#include "data/files/shards.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

bool is_hidden(std::string_view name) { return name.starts_with('.') || name.find("/.") != std::string_view::npos; }

}  // namespace

ArchiveSet::ArchiveSet(const std::string& pattern) {
  std::vector<std::filesystem::path> paths;
  try {
    paths = expand_shards(pattern);
  } catch (const DataError& error) { throw DataError(concat("tar: ", error.what())); }
  std::uint64_t unpacked = 0;
  for (const std::filesystem::path& path : paths) {
    archives_.push_back(open_archive(path));
    unpacked += archives_.back()->unpacked_bytes();
    if (unpacked > kMostUnpackedBytes) {
      throw DataError(concat("tar: the compressed archives of '", pattern, "' unpack to more than ", kMostUnpackedBytes,
                             " bytes; decompress them, and they are read from the disk"));
    }
  }
  for (std::uint32_t archive = 0; archive < archives_.size(); ++archive) {
    const FileList& files = archives_[archive]->files();
    for (std::int64_t i = 0; i < files.size(); ++i) {
      if (!is_hidden(files.name(i))) files_.push_back({archive, static_cast<std::uint32_t>(i)});
    }
  }
  std::ranges::sort(files_, {}, [this](const File& file) { return std::tuple(full_name(file), file.archive); });
  const auto twice = std::ranges::adjacent_find(
      files_, [this](const File& a, const File& b) { return a.archive == b.archive && full_name(a) == full_name(b); });
  if (twice != files_.end()) {
    throw DataError(concat("tar: ", archives_[twice->archive]->path(), " has two files ", full_name(*twice),
                           "; pack it again with one"));
  }
}

std::string_view ArchiveSet::name(std::int64_t i) const { return full_name(files_[static_cast<std::size_t>(i)]); }

std::optional<std::int64_t> ArchiveSet::find(std::string_view name, std::uint32_t part) const {
  const auto key = [this](const File& file) { return std::tuple(full_name(file), file.archive); };
  const auto found = std::ranges::lower_bound(files_, std::tuple(name, part), {}, key);
  if (found == files_.end() || key(*found) != std::tuple(name, part)) return std::nullopt;
  return found - files_.begin();
}

std::uint64_t ArchiveSet::bytes(std::int64_t i) const {
  return archive_of(i).files().bytes(files_[static_cast<std::size_t>(i)].index);
}

std::span<const std::byte> ArchiveSet::read(std::int64_t i, std::vector<std::byte>& /*buffer*/) const {
  return archive_of(i).read(files_[static_cast<std::size_t>(i)].index);
}

std::string ArchiveSet::locate(std::int64_t i) const {
  return concat(archive_of(i).path().string(), ": ", full_name(files_[static_cast<std::size_t>(i)]));
}

}  // namespace data
