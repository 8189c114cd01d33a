#pragma once
#include <memory>
#include <string_view>

#include "data/source.h"

namespace data {

/// Opens a source by name:
///   digits:     the built-in drawn digits, which need no files
///   mnist:DIR   MNIST or a drop-in replacement, as idx files
/// Throws engine::DataError for an unknown scheme, naming the known ones, and whatever the source itself finds wrong.
std::unique_ptr<Source> open_source(std::string_view name, Split split);

}  // namespace data
