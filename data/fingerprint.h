#pragma once
#include <string>

#include "data/source.h"

namespace data {

/// SHA-256 of a source's contents: the images' shape, and every image and label in order, wherever they were read from.
/// Bits are excluded, because they follow from the example's index and the run's options.
std::string fingerprint(const Source& source);

}  // namespace data
