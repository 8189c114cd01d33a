#include "kernels/cuda/nccl.h"

#include <type_traits>

#include "kernels/cuda/vendor_library.h"

namespace kernels::cuda::nccl {

const Functions& functions() {
  static const Functions all = [] {
    Functions found{};
    const auto find = [](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(function_of(kNcclLibrary, name));
    };
    find(found.get_version, "ncclGetVersion");
    find(found.get_unique_id, "ncclGetUniqueId");
    find(found.comm_init_rank_config, "ncclCommInitRankConfig");
    find(found.comm_get_async_error, "ncclCommGetAsyncError");
    find(found.comm_abort, "ncclCommAbort");
    find(found.comm_destroy, "ncclCommDestroy");
    find(found.get_error_string, "ncclGetErrorString");
    find(found.all_reduce, "ncclAllReduce");
    find(found.all_gather, "ncclAllGather");
    find(found.reduce_scatter, "ncclReduceScatter");
    find(found.broadcast, "ncclBroadcast");
    return found;
  }();
  return all;
}

}  // namespace kernels::cuda::nccl
