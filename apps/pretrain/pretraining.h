#pragma once
#include <span>

#include "apps/pretrain/arguments.h"

namespace apps {

/// The work of `pretrain`: trains to the end and prints the result, or shows what the run would do. `argv` is for
/// env.json. Throws UsageError for arguments that contradict each other.
void pretrain(const PretrainArguments& arguments, std::span<char* const> argv);

}  // namespace apps
