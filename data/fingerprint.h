#pragma once
#include <string>

#include "data/source.h"

namespace data {

/// SHA-256 of what a source holds: the images' shape, and every image and label in order, whatever place they were read
/// from. Bits are no part of it: they follow from the number of an example and from the run's options.
std::string fingerprint(const Source& source);

}  // namespace data
