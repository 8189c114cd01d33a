#pragma once
#include <memory>
#include <string_view>

#include "data/source.h"

namespace data {

/// Opens a source by name:
///   digits:     the built-in drawn digits, which need no files
///   mnist:DIR   MNIST or a drop-in replacement, as idx files
///   npy:DIR     images of any channels and their labels, as NumPy's files
/// Throws engine::DataError for an unknown scheme (and lists the known ones), and passes on the errors of the source.
std::unique_ptr<Source> open_source(std::string_view name, Split split);

}  // namespace data
