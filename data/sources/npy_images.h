#pragma once
#include <filesystem>
#include <memory>

#include "data/source.h"

namespace data {

/// Images and labels that another program wrote with NumPy: a directory with {train,test}_images.npy, u8 [N,H,W,C] or
/// [N,H,W], and {train,test}_labels.npy, whole numbers [N] from 0. The number of classes follows from the largest label
/// of both splits. The files are mapped, not copied. Throws engine::DataError for what is missing, damaged or does not
/// match.
std::unique_ptr<Source> open_npy(const std::filesystem::path& directory, Split split);

}  // namespace data
