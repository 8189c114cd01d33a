#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/source.h"
#include "tests/data/files/tar_bytes.h"
#include "tests/data/image/png_files.h"
#include "tests/data/sources/idx_files.h"

/// A PNG file of one colour, whose red tells it from others.
inline std::string red_png(std::uint8_t red, const data::Extent& extent = {.height = 2, .width = 3}) {
  std::vector<std::uint8_t> rows;
  for (std::int64_t i = 0; i < extent.pixels(); ++i) rows.insert(rows.end(), {red, 1, 2});
  return png_bytes({.extent = extent, .colour_type = 2}, rows);
}

using ImageTree = std::vector<std::pair<std::string, std::string>>;  // names and contents

inline void write_tree(const std::filesystem::path& root, const ImageTree& tree) {
  for (const auto& [name, contents] : tree) {
    std::filesystem::create_directories((root / name).parent_path());
    write_plain(root / name, contents);
  }
}

inline std::string tree_tar(const ImageTree& tree) {
  std::string archive;
  for (const auto& [name, contents] : tree) archive += tar_entry(name, contents);
  return archive + tar_end();
}

inline data::Example read_first(const data::Source& source, std::int64_t example, const data::DecodeHint& hint = {}) {
  data::Example read;
  source.read({.example = example, .fetch = static_cast<std::uint64_t>(example)}, hint, read);
  return read;
}

/// The red of each example in turn, as red_png wrote it.
inline std::vector<int> reds_of(const data::Source& source) {
  std::vector<int> reds;
  for (std::int64_t i = 0; i < source.size(); ++i) reds.push_back(read_first(source, i).pixels.at(0));
  return reds;
}

/// The labels as `read` gives them, each checked against `label`; -1 where there are none.
inline std::vector<int> labels_of(const data::Source& source) {
  std::vector<int> labels;
  for (std::int64_t i = 0; i < source.size(); ++i) {
    const data::Example read = read_first(source, i);
    CHECK(read.labels.size() == source.layout().labels.size());
    labels.push_back(read.labels.empty() ? -1 : read.labels[0]);
    CHECK(source.label(i).value_or(-1) == labels.back());
  }
  return labels;
}
