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

/// All that cuBLASLt's choice of an algorithm depends on. Matrices are dense and row-major: c[m,n] = op(a) op(b).
struct ProductGeometry {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b, bias;
  Dtype operands, result;
  std::uint32_t a_alignment, b_alignment, c_alignment, bias_alignment;  ///< bytes
  friend auto operator<=>(const ProductGeometry&, const ProductGeometry&) = default;
};

/// A product as cuBLASLt sees it, with the algorithm that it chose.
struct ProductPlan {
  UniqueHandle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
  UniqueHandle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> a, b, c;
  cublasLtMatmulAlgo_t algorithm;
  std::size_t workspace_bytes;
};

/// A context's cuBLASLt handle, and the plans of the products it has computed.
class Blas {
 public:
  explicit Blas(F32Products f32_products) : f32_products_(f32_products) {}
  cublasLtHandle_t handle() const { return handle_.get(); }  ///< made with the first plan
  /// `bias` is an address that is aligned like the biases of the calls.
  const ProductPlan& plan(const Context& context, const ProductGeometry& geometry, const void* bias);

 private:
  UniqueHandle<cublasLtHandle_t, cublasLtDestroy> handle_;
  F32Products f32_products_;
  std::map<ProductGeometry, ProductPlan> plans_;
};

Blas& blas(const Context& context);

}  // namespace kernels::cuda
