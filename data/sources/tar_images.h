#pragma once
#include <memory>
#include <string>

#include "data/sources/image_files.h"

namespace data {

struct TarOptions {
  std::string test;   ///< a pattern: the archives of the test split, if those of the source are all training
  SplitNames splits;  ///< as in FolderOptions; only without `test`
  ImageFiles::Options images;
};

/// JPEG and PNG images in tar archives, plain or compressed by gzip or zstd: one, or the shards of a pattern such as
/// "train-{000..012}.tar" or "train-*.tar". Directories are classes and splits as in a folder; or each image KEY.jpg
/// has its label, a number, in KEY.cls (WebDataset's names).
std::unique_ptr<Source> open_tar(const std::string& pattern, Split split, const TarOptions& options);

}  // namespace data
