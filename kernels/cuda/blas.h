#pragma once
#include <cublasLt.h>

#include <compare>
#include <map>
#include <memory>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/check.h"
#include "kernels/kernel.h"

namespace kernels::cuda {

void check(cublasStatus_t status, const Call& call);
#define CUBLAS_CHECK(call) ::kernels::cuda::check((call), THIS_CALL(call))

/// What cuBLASLt's choice of an algorithm depends on. Matrices are dense and row-major: c[m,n] = op(a) op(b).
struct ProductGeometry {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b, bias;
  Dtype operands, result;
  std::uint32_t a_alignment, b_alignment, c_alignment, bias_alignment;  ///< bytes
  friend auto operator<=>(const ProductGeometry&, const ProductGeometry&) = default;
};

/// A product as described to cuBLASLt, and the algorithm that cuBLASLt chose for it.
struct ProductPlan {
  UniqueHandle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
  UniqueHandle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> a, b, c;
  cublasLtMatmulAlgo_t algorithm;
  std::size_t workspace_bytes;
};

/// A context's cuBLASLt handle, and the plans of its products so far.
class Blas {
 public:
  explicit Blas(F32Products f32_products) : f32_products_(f32_products) {}
  cublasLtHandle_t handle() const { return handle_.get(); }  ///< created with the first plan
  /// `bias` is any address with the alignment of the calls' biases.
  const ProductPlan& plan(const Context& context, const ProductGeometry& geometry, const void* bias);

 private:
  UniqueHandle<cublasLtHandle_t, cublasLtDestroy> handle_;
  F32Products f32_products_;
  std::map<ProductGeometry, ProductPlan> plans_;
};

Blas& blas(const Context& context);

}  // namespace kernels::cuda
