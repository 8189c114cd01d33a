#pragma once

/// Marks a function that the CPU and CUDA back ends share, so that both compute exactly the same thing.
#ifdef __CUDACC__
#define HOST_DEVICE __host__ __device__
#else
#define HOST_DEVICE
#endif
