#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <string>

#include "kernels/runtime/error.h"

/// NVIDIA's library for communication between GPUs: the part of its interface that this back end uses, as its releases
/// from 2.14 on have it. Declared here because toolkits do not contain its header; a test compares the two.
namespace kernels::cuda::nccl {

struct Comm;  // opaque

/// What rank 0 gives to all others, so that they find each other.
struct Id {
  char bytes[128];
};

enum class Result : int {
  success,
  cuda_error,
  system_error,
  internal_error,
  invalid_argument,
  invalid_usage,
  remote_error,
  in_progress
};
enum class Type : int { u8 = 1, f32 = 7, f64 = 8, bf16 = 9 };
enum class Operation : int { sum = 0 };

/// How a communicator is to behave. The library takes all that was added after `version` to be as usual.
struct Config {
  std::size_t size = sizeof(Config);
  unsigned magic = 0xcafebeef, version = 21400;
  int blocking = 1;
};

struct Functions {
  Result (*get_version)(int* version);
  Result (*get_unique_id)(Id* id);
  Result (*comm_init_rank_config)(Comm** comm, int ranks, Id id, int rank, Config* config);
  Result (*comm_get_async_error)(Comm* comm, Result* error);
  Result (*comm_abort)(Comm* comm);
  Result (*comm_destroy)(Comm* comm);
  const char* (*get_error_string)(Result result);
  Result (*all_reduce)(const void* from, void* to, std::size_t count, Type type, Operation operation, Comm* comm,
                       cudaStream_t stream);
  Result (*all_gather)(const void* from, void* to, std::size_t sent, Type type, Comm* comm, cudaStream_t stream);
  Result (*reduce_scatter)(const void* from, void* to, std::size_t received, Type type, Operation operation, Comm* comm,
                           cudaStream_t stream);
  Result (*broadcast)(const void* from, void* to, std::size_t count, Type type, int root, Comm* comm,
                      cudaStream_t stream);
};

/// 22809 -> "2.28.9"
inline std::string version_text(int version) {
  return engine::concat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

/// The functions of the library, which is loaded at the first call. Throws if it is missing.
const Functions& functions();

}  // namespace kernels::cuda::nccl
