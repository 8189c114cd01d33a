#pragma once
#include <filesystem>
#include <memory>

#include "data/source.h"

namespace data {

/// MNIST and its drop-in replacements: a directory with {train,t10k}-images-idx3-ubyte and
/// {train,t10k}-labels-idx1-ubyte, each plain or with .gz. File names may have a dot before idx, "test" for "t10k", and
/// a prefix such as "emnist-letters-". Images are [H,W,1], all of one size. There are 10 classes, or more if the
/// largest label of both splits requires it. Everything is held in memory. Throws engine::DataError when a file is
/// missing or damaged, or when the two files do not match.
std::unique_ptr<Source> open_mnist(const std::filesystem::path& directory, Split split);

}  // namespace data
