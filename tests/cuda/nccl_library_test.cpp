// What we declare of NCCL, against its header and its library where this machine has them.
#include <doctest/doctest.h>

#include "kernels/cuda/nccl.h"
#include "kernels/cuda/vendor_library.h"

#if __has_include(<nccl.h>)
#include <nccl.h>

#include <cstddef>
#include <type_traits>

namespace nccl = kernels::cuda::nccl;

static_assert(sizeof(nccl::Id) == sizeof(ncclUniqueId) && alignof(nccl::Id) == alignof(ncclUniqueId));
static_assert(static_cast<int>(nccl::Result::success) == ncclSuccess);
static_assert(static_cast<int>(nccl::Result::cuda_error) == ncclUnhandledCudaError);
static_assert(static_cast<int>(nccl::Result::system_error) == ncclSystemError);
static_assert(static_cast<int>(nccl::Result::internal_error) == ncclInternalError);
static_assert(static_cast<int>(nccl::Result::invalid_argument) == ncclInvalidArgument);
static_assert(static_cast<int>(nccl::Result::invalid_usage) == ncclInvalidUsage);
static_assert(static_cast<int>(nccl::Result::remote_error) == ncclRemoteError);
static_assert(static_cast<int>(nccl::Result::in_progress) == ncclInProgress);
static_assert(static_cast<int>(nccl::Type::u8) == ncclUint8);
static_assert(static_cast<int>(nccl::Type::f32) == ncclFloat32);
static_assert(static_cast<int>(nccl::Type::f64) == ncclFloat64);
static_assert(static_cast<int>(nccl::Type::bf16) == ncclBfloat16);
static_assert(static_cast<int>(nccl::Operation::sum) == ncclSum);
static_assert(offsetof(nccl::Config, magic) == offsetof(ncclConfig_t, magic));
static_assert(offsetof(nccl::Config, version) == offsetof(ncclConfig_t, version));
static_assert(offsetof(nccl::Config, blocking) == offsetof(ncclConfig_t, blocking));

namespace {

// Our types in place of NCCL's: what is left must be the same.
template <class T>
struct Ours {
  using Type = T;
};
template <>
struct Ours<ncclComm_t> {
  using Type = nccl::Comm*;
};
template <>
struct Ours<ncclComm_t*> {
  using Type = nccl::Comm**;
};
template <>
struct Ours<ncclUniqueId> {
  using Type = nccl::Id;
};
template <>
struct Ours<ncclUniqueId*> {
  using Type = nccl::Id*;
};
template <>
struct Ours<ncclConfig_t*> {
  using Type = nccl::Config*;
};
template <>
struct Ours<ncclResult_t> {
  using Type = nccl::Result;
};
template <>
struct Ours<ncclResult_t*> {
  using Type = nccl::Result*;
};
template <>
struct Ours<ncclDataType_t> {
  using Type = nccl::Type;
};
template <>
struct Ours<ncclRedOp_t> {
  using Type = nccl::Operation;
};
template <class Result, class... Arguments>
typename Ours<Result>::Type (*ours(Result (*)(Arguments...)))(typename Ours<Arguments>::Type...);

template <auto kMember, class Theirs>
constexpr bool kSame = std::is_same_v<std::remove_reference_t<decltype(std::declval<nccl::Functions&>().*kMember)>,
                                      decltype(ours(std::declval<Theirs*>()))>;
using F = nccl::Functions;
static_assert(kSame<&F::get_version, decltype(ncclGetVersion)>);
static_assert(kSame<&F::get_unique_id, decltype(ncclGetUniqueId)>);
static_assert(kSame<&F::comm_init_rank_config, decltype(ncclCommInitRankConfig)>);
static_assert(kSame<&F::comm_get_async_error, decltype(ncclCommGetAsyncError)>);
static_assert(kSame<&F::comm_abort, decltype(ncclCommAbort)>);
static_assert(kSame<&F::comm_destroy, decltype(ncclCommDestroy)>);
static_assert(kSame<&F::get_error_string, decltype(ncclGetErrorString)>);
static_assert(kSame<&F::all_reduce, decltype(ncclAllReduce)>);
static_assert(kSame<&F::all_gather, decltype(ncclAllGather)>);
static_assert(kSame<&F::reduce_scatter, decltype(ncclReduceScatter)>);
static_assert(kSame<&F::broadcast, decltype(ncclBroadcast)>);

}  // namespace
#endif

TEST_CASE("cuda nccl: an installed library has all functions, and is recent enough") {
  if (kernels::cuda::load_if_present(kernels::cuda::kNcclLibrary) == nullptr) {
    MESSAGE("no NCCL here");
    return;
  }
  int version = 0;
  CHECK(kernels::cuda::nccl::functions().get_version(&version) == kernels::cuda::nccl::Result::success);
  CHECK(version >= 21400);
  CHECK(kernels::cuda::nccl::version_text(version).starts_with("2."));
}
