#include <doctest/doctest.h>

#include "engine/tensor.h"
#include "kernels/context.h"
#include "kernels/conv2d.h"
#include "kernels/cuda/blas.h"
#include "kernels/cuda/dnn.h"
#include "kernels/linear.h"

// Arguments that the kernels of vendor libraries reject before they use a device, and the errors of failed library
// calls.
using namespace engine;
using namespace kernels;

TEST_CASE("cuda linear: types that do not go together are named") {
  const Context context = make_context();
  const Tensor f32 = Tensor::zeros(context, {2, 2}), bf16 = Tensor::zeros(context, {2, 2}, Dtype::bf16);
  CHECK_THROWS_WITH_AS(cuda::linear_forward(context, {.x = f32, .weight = bf16, .bias = {}, .y = f32}),
                       "linear: the CUDA kernel takes x and weight both in f32 or both in bf16, and y like them or in "
                       "f32, got x f32, weight bf16 and y f32",
                       Error);
  CHECK_THROWS_WITH_AS(cuda::linear_dgrad(context, {.dy = f32, .weight = f32, .dx = {bf16}}),
                       doctest::Contains("got dy f32, weight f32 and dx bf16"), Error);
  CHECK_THROWS_WITH_AS(cuda::linear_wgrad(context, {.dy = bf16, .x = f32, .dweight = {f32}}),
                       doctest::Contains("got dy bf16, x f32 and dweight f32"), Error);
  const Tensor nothing = Tensor::zeros(context, {2, 0});
  CHECK_THROWS_WITH_AS(cuda::linear_forward(context, {.x = nothing, .weight = nothing, .bias = {}, .y = f32}),
                       "linear: x must have features, got [2,0]", Error);
}

TEST_CASE("cuda check: a failed call of cuBLASLt says where, what and what to do") {
  CHECK_THROWS_WITH_AS(cuda::check(CUBLAS_STATUS_ALLOC_FAILED, {"cublasLtMatmul(x)", "linear.cpp", 7}),
                       "linear.cpp:7: cublasLtMatmul(x) failed: CUBLAS_STATUS_ALLOC_FAILED, the resource allocation "
                       "failed; use a smaller batch size",
                       Error);
  CHECK_NOTHROW(cuda::check(CUBLAS_STATUS_SUCCESS, {"cublasLtMatmul(x)", "linear.cpp", 7}));
}

TEST_CASE("cuda conv2d: types that do not go together are named") {
  const Context context = make_context();
  const Conv2dGeometry g{.n = 1, .h = 1, .w = 1, .c = 1, .k = 1, .r = 1, .s = 1};
  const Tensor f32 = Tensor::zeros(context, {1, 1, 1, 1}), bf16 = Tensor::zeros(context, {1, 1, 1, 1}, Dtype::bf16);
  CHECK_THROWS_WITH_AS(cuda::conv2d_forward(context, {.g = g, .x = bf16, .weight = f32, .y = f32}),
                       "conv2d: the CUDA kernel takes x and weight both in f32 or both in bf16, and y like them or in "
                       "f32, got x bf16, weight f32 and y f32",
                       Error);
  CHECK_THROWS_WITH_AS(cuda::conv2d_dgrad(context, {.g = g, .dy = f32, .weight = f32, .dx = {bf16}}),
                       doctest::Contains("got dy f32, weight f32 and dx bf16"), Error);
  CHECK_THROWS_WITH_AS(cuda::conv2d_wgrad(context, {.g = g, .dy = f32, .x = bf16, .dweight = {f32}}),
                       doctest::Contains("got dy f32, x bf16 and dweight f32"), Error);
}

TEST_CASE("cuda check: a failed call of cuDNN says where, what and what to do") {
  const cuda::Call call{"cudnnCreate(&made)", "dnn.cpp", 7};
  CHECK_THROWS_WITH_AS(cuda::check(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, call),
                       doctest::Contains("dnn.cpp:7: cudnnCreate(&made) failed: "
                                         "CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, "),
                       Error);
  CHECK_THROWS_WITH_AS(cuda::check(CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH, call),
                       doctest::Contains("; LD_LIBRARY_PATH mixes several versions of cuDNN"), Error);
  CHECK_NOTHROW(cuda::check(CUDNN_STATUS_SUCCESS, call));
}
