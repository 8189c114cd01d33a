#pragma once
#include <filesystem>

#include "apps/bench/timing.h"

namespace apps {

/// Reads all JPEG and PNG files below a directory into memory, then times their decoding: by `threads` threads, which
/// take one image after the other, as RGB at the smallest size that `side` allows, resized to side x side. With a side
/// of 0 whole images are decoded and nothing is resized. Prints a line on stderr and one of JSON on stdout.
void time_decoding(const std::filesystem::path& directory, std::int64_t side, int threads,
                   const Repetitions& repetitions);

}  // namespace apps
