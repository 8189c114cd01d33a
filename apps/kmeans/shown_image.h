#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/source.h"
#include "kernels/runtime/error.h"

namespace apps {

/// An image as the network sees it, for people.
struct ShownImage {
  std::int64_t example = 0;
  std::string file = {};                   ///< below its split; empty: it is none
  std::string caption = {};                ///< else what was drawn, if anything
  std::optional<std::int32_t> label = {};  ///< of the first label set, if that has one per example
  data::Extent extent = {};
  std::vector<std::uint8_t> rgb = {};

  const std::string& name() const { return file.empty() ? caption : file; }
  /// "3 cat/1.jpg"
  std::string title() const { return engine::concat(example, name().empty() ? "" : " ", name()); }
};

/// The clusters of an image's locations in one activation.
struct ClusteredImage {
  std::string tap;
  int clusters = 0;
  data::Extent grid = {};
  std::vector<std::int32_t> labels = {};        ///< row by row
  std::optional<double> rand_index_masks = {};  ///< of the clusters and the image's mask

  /// "group4-k8": part of file names
  std::string key() const { return engine::concat(tap, "-k", clusters); }
};

}  // namespace apps
