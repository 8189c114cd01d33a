#include "data/sources/packed_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/files/xxh64.h"
#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kBufferBytes = 4 << 20;

template <class... Numbers>
void update(engine::Sha256& hash, Numbers... numbers) {
  const std::int64_t all[] = {static_cast<std::int64_t>(numbers)...};
  hash.update(std::as_bytes(std::span(all)));
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::optional<Extent> common_extent(const std::vector<PackedImage>& images) {
  const auto differs = [&](const PackedImage& image) { return image.extent() != images.front().extent(); };
  if (images.empty() || std::ranges::any_of(images, differs)) return std::nullopt;
  return images.front().extent();
}

}  // namespace

PackedWriter::PackedWriter(const fs::path& path, Origin origin)
    : path_(path), origin_(std::move(origin)), temporary_(fs::path(path) += ".tmp", O_WRONLY | O_CREAT) {
  lock();
  if (ftruncate(temporary_.get(), 0) != 0) engine::throw_errno("write", temporary_.path());
  buffer_.reserve(kBufferBytes);
  append(bytes_of(PackedHeader{.magic = {}}));  // until it is complete, it is no packed file
}

PackedWriter::~PackedWriter() {
  if (!committed_) unlink(temporary_.path().c_str());
}

void PackedWriter::lock() {
  struct stat opened {
  }, named{};
  const bool taken = temporary_.try_lock() != engine::Locking::held;
  // Whoever held the lock may have given the file its final name meanwhile.
  if (taken && fstat(temporary_.get(), &opened) == 0 && stat(temporary_.path().c_str(), &named) == 0 &&
      opened.st_ino == named.st_ino)
    return;
  throw engine::Error(
      engine::concat("another process is writing ", path_.string(), "; wait for its end, or write to another file"));
}

void PackedWriter::begin(const Source& source) {
  EXPECTS(splits_.size() < 2, "a packed file has two splits");
  const InputLayout& layout = source.layout();
  splits_.push_back({.source = source.describe(),
                     .layout = {.channels = layout.channels, .labels = layout.labels},
                     .images = {},
                     .labels = {},
                     .hash = std::make_unique<engine::Sha256>()});
  update(*splits_.back().hash, layout.channels);
}

void PackedWriter::add(const Example& example) {
  Written& split = splits_.back();
  const auto pixels = std::as_bytes(std::span(example.pixels)), labels = std::as_bytes(std::span(example.labels));
  update(*split.hash, example.extent.height, example.extent.width);
  split.hash->update(pixels);
  split.hash->update(labels);
  split.labels.insert(split.labels.end(), example.labels.begin(), example.labels.end());
  PackedImage image{.height = static_cast<std::uint32_t>(example.extent.height),
                    .width = static_cast<std::uint32_t>(example.extent.width),
                    .checksum = xxh64(pixels)};
  const std::vector<PackedImage>& train = splits_.front().images;
  const std::size_t i = split.images.size();
  if (splits_.size() == 2 && i < train.size() && train[i].extent() == image.extent() &&
      train[i].checksum == image.checksum) {
    image.offset = train[i].offset;
  } else {
    pad(kPackedAlignment);
    image.offset = offset_;
    append(pixels);
  }
  split.images.push_back(image);
  if (buffer_.size() >= kBufferBytes) flush();
}

std::uint64_t PackedWriter::commit() {
  EXPECTS(splits_.size() == 2, "a packed file has two splits");
  pad(kPackedAlignment);
  flush();
  PackedHeader header{.catalogue_offset = offset_};
  append_catalogue();
  header.file_bytes = offset_;
  header.catalogue_bytes = offset_ - header.catalogue_offset;
  header.catalogue_checksum = xxh64(buffer_);
  header.checksum = xxh64(bytes_of(header).first(offsetof(PackedHeader, checksum)));
  flush();
  if (lseek(temporary_.get(), 0, SEEK_SET) != 0) engine::throw_errno("write", temporary_.path());
  temporary_.write(bytes_of(header));
  temporary_.sync();  // before the rename: after a crash the name must not exist without its contents
  engine::rename_path(temporary_.path(), path_);
  committed_ = true;
  engine::sync_directory(path_.has_parent_path() ? path_.parent_path() : ".");
  return header.file_bytes;
}

void PackedWriter::append(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  offset_ += bytes.size();
}

void PackedWriter::pad(std::uint64_t alignment) {
  const std::uint64_t zeros = (alignment - offset_ % alignment) % alignment;
  buffer_.resize(buffer_.size() + zeros);
  offset_ += zeros;
}

void PackedWriter::flush() {
  temporary_.write(buffer_);
  buffer_.clear();
}

void PackedWriter::append_catalogue() {
  const std::string text = description();
  append(bytes_of(static_cast<std::uint64_t>(text.size())));
  append(std::as_bytes(std::span(text)));
  for (const Written& split : splits_) {
    append(std::as_bytes(std::span(split.images)));
    append(std::as_bytes(std::span(split.labels)));
    pad(8);
  }
}

std::string PackedWriter::description() {
  Json json{{"source", origin_.source},
            {"short_side", origin_.short_side},
            {"written_by", origin_.written_by},
            {"splits", Json::array()}};
  for (Written& split : splits_) {
    const auto extent = common_extent(split.images);
    Json labels = Json::array();
    for (const LabelSet& set : split.layout.labels)
      labels.push_back({{"name", set.name}, {"classes", set.classes}, {"per_example", set.per_example}});
    update(*split.hash, split.images.size());
    json["splits"].push_back({{"source", split.source},
                              {"images", split.images.size()},
                              {"channels", split.layout.channels},
                              {"extent", extent ? Json{extent->height, extent->width} : Json()},
                              {"labels", labels},
                              {"fingerprint", split.hash->hexadecimal()}});
  }
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace data
