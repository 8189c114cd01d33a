#pragma once
#include <span>

#include "apps/pretrain/arguments.h"

namespace apps {

/// What `pretrain` does: trains to the end and prints the result, or shows what the run would be. `argv` is for
/// env.json. Throws UsageError for arguments that do not go together.
void pretrain(const PretrainArguments& arguments, std::span<char* const> argv);

}  // namespace apps
