#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "apps/evaluation/geometry.h"
#include "apps/evaluation/partition.h"
#include "apps/measure/settings.h"

namespace apps {

/// What a user gave: rows, which of them show the same image, and labels.
struct Embeddings {
  Rows rows;         ///< two views: the n rows of view 1, then those of view 2
  Partition images;  ///< which rows show the same image
  bool two_views = false;
  struct Labels {
    std::string name;
    Partition values;
  };
  std::vector<Labels> labels = {};
};

/// Reads the files. Throws engine::DataError, one sentence that names the file: for what the readers refuse, for
/// shapes that are not [rows,d] or do not fit each other, for rows that are not finite, and where there is only one
/// image.
Embeddings read_embeddings(const MeasureSettings& settings);

}  // namespace apps
