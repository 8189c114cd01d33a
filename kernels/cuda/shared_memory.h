#pragma once
#include <cstddef>

namespace kernels::cuda {

/// Lets blocks of a kernel have this much dynamic shared memory. Throws where the GPU has less.
void allow_shared_memory(const void* kernel, std::size_t bytes);

}  // namespace kernels::cuda
