#pragma once
#include <functional>
#include <string>

#include "kernels/runtime/communicator.h"

namespace tests {

/// Runs `rank` in as many processes, which TCP connects: an interpreter has one device. Returns what each had to
/// complain of: it returns it, or throws an engine::Error that says it.
std::vector<std::string> in_processes(int ranks, const std::function<std::string(engine::Communicator& host)>& rank);

}  // namespace tests
