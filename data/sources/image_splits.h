#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/file_set.h"

namespace data {

/// The images of a split among the files of a set, before their classes are known.
struct ImageSplit {
  std::string name;  ///< for messages: "train", or the list's file
  std::shared_ptr<const FileSet> files;
  std::vector<std::uint32_t> images;  ///< their indices in `files`
  std::string root;                   ///< what all their names begin with, before the class: "train/"
  std::vector<std::int32_t>
      numbers;          ///< the labels, where they are given as numbers; otherwise directories are classes
  bool listed = false;  ///< by the user, who may leave out classes

  /// Image i without the root.
  std::string_view image_name(std::size_t i) const { return files->name(images[i]).substr(root.size()); }
};

/// Both splits of a set of images.
struct ImageSplits {
  ImageSplit train, test;
  bool alike = false;  ///< there is only one, which is both
};

/// Which directories of a set are its splits.
struct SplitNames {
  std::string train, test;  ///< empty: "train", and "val" or else "test", if there are both
};

/// The images of a set, whose names say what they are. A directory that holds everything else is passed over: whether
/// "cat/1.jpg" is packed or "dataset/cat/1.jpg" is the same. Where nothing is named as a split, all images are both.
/// `where` begins messages: "folder: DIR". Throws engine::DataError where a split has no images.
ImageSplits find_splits(std::shared_ptr<const FileSet> files, const SplitNames& names, const std::string& where);

/// All images of a set, as one split.
ImageSplit all_images(std::shared_ptr<const FileSet> files, const std::string& name, const std::string& where);

/// The labels of both splits.
struct ImageLabels {
  int classes = 0;  ///< 0: no labels
  std::vector<std::int32_t> train, test;
};

/// Labels as they were given as numbers, or by the directories that the images lie in at the root, sorted by name.
/// Throws engine::DataError where the splits have different classes or some images have none.
ImageLabels label_images(const ImageSplits& splits, const std::string& where);

}  // namespace data
