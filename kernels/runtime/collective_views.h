#pragma once
#include <cstdint>

#include "kernels/runtime/views.h"

namespace engine {

// What all communicators expect of the views that they are given. `name` is the function's, for messages.

std::int64_t whole_bytes(const View& x);
/// The bytes of each rank's part. Throws unless all ranks have as many rows.
std::int64_t part_bytes(const char* name, const View& x, int ranks);

}  // namespace engine
