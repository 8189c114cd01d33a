#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "data/sources/image_files.h"

namespace data {

struct FolderOptions {
  /// The directories of the splits below the folder. Without names: "train", and "val" or else "test", if there are
  /// both, which is ImageNet's layout; otherwise all images are both splits.
  SplitNames splits;
  /// Text files that list the images of a split, one a line: a path below the folder and, if it has one, a label from
  /// 0, separated by white space. Without labels, directories are classes. Empty: the directories decide.
  std::filesystem::path train_list, test_list;
  ImageFiles::Options images;
};

/// JPEG and PNG images in directories. Those that an image lies in at the top of its split are classes, sorted by name;
/// where there are none, images have no labels. Both splits must have the same classes.
std::unique_ptr<Source> open_folder(const std::filesystem::path& directory, Split split, const FolderOptions& options);

}  // namespace data
