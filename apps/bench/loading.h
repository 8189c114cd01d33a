#pragma once
#include <cstdint>
#include <string>

#include "apps/bench/timing.h"

namespace apps {

/// Times the loader: a repetition is one epoch of the source `expression`, of whole batches, read by `workers` threads.
/// Nothing is kept in memory, so that every image is read, decoded and resized in every epoch. One more epoch measures
/// which part of the workers' processor time each stage takes. Prints a line on stderr and one of JSON on stdout.
void time_loading(const std::string& expression, std::int64_t batch_size, int workers, const Repetitions& repetitions);

}  // namespace apps
