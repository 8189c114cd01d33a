#pragma once
#include <cstddef>

#include "kernels/runtime/context.h"
#include "kernels/runtime/control_groups.h"

namespace kernels::cpu {

/// Bytes that this process can still allocate: the minimum over the machine, the control groups and the process's own
/// limits of address space and data (ulimit -v and -d).
std::size_t free_host_bytes(const engine::ControlGroups& groups);

/// Checks that oneDNN can allocate its own memory (workspace and generated code): when that fails, it writes code to
/// address 0. Gives unused pool memory back to the system first if needed; throws engine::OutOfMemory if that is not
/// enough.
void expect_library_memory(const engine::Context& context);

}  // namespace kernels::cpu
