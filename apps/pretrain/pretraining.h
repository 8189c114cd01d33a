#pragma once
#include <span>

#include "apps/pretrain/arguments.h"
#include "kernels/runtime/communicator.h"

namespace apps {

/// The work of `pretrain`: trains to the end and prints the result, or shows what the run would do. `argv` is for
/// env.json. Throws UsageError for arguments that contradict each other. Collective: all ranks train one model, and
/// rank 0 writes and prints.
void pretrain(const PretrainArguments& arguments, std::span<char* const> argv, engine::Communicator& ranks);

}  // namespace apps
