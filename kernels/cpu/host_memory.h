#pragma once
#include <cstddef>

#include "kernels/runtime/context.h"
#include "kernels/runtime/control_groups.h"

namespace kernels::cpu {

/// Bytes that this process may still have: the least of what the machine has, of what its control groups leave, and of
/// its limits of address space and data (ulimit -v and -d).
std::size_t free_host_bytes(const engine::ControlGroups& groups);

/// Makes sure that there is memory for what oneDNN needs for itself: work space, and the code that it writes. It writes
/// that at address 0 when it gets no memory. Throws engine::OutOfMemory, after giving back what the pool does not use.
void expect_library_memory(const engine::Context& context);

}  // namespace kernels::cpu
