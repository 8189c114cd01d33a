#include "kernels/cuda/blas.h"

#include "kernels/cuda/capture.h"

namespace kernels::cuda {
namespace {

/// The largest workspace for cuBLASLt, as NVIDIA recommends for Hopper.
constexpr std::uint64_t kMostWorkspaceBytes = std::uint64_t{32} << 20;

const char* remedy(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_NOT_INITIALIZED:
    case CUBLAS_STATUS_ARCH_MISMATCH: return "; the GPU or its driver may be too old for this version of CUDA";
    case CUBLAS_STATUS_ALLOC_FAILED: return "; use a smaller batch size";
    default: return "";
  }
}

cudaDataType type(Dtype dtype) { return dtype == Dtype::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

template <class T>
void set(const ProductPlan& plan, cublasLtMatmulDescAttributes_t attribute, T value) {
  CUBLAS_CHECK(cublasLtMatmulDescSetAttribute(plan.product.get(), attribute, &value, sizeof(value)));
}

// Our matrices are row-major, cuBLASLt's are column-major: our rows x columns is columns x rows in cuBLASLt.
UniqueHandle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> layout(Dtype dtype, std::int64_t rows,
                                                                         std::int64_t columns) {
  cublasLtMatrixLayout_t made = nullptr;
  CUBLAS_CHECK(cublasLtMatrixLayoutCreate(&made, type(dtype), static_cast<std::uint64_t>(columns),
                                          static_cast<std::uint64_t>(rows), columns));
  return UniqueHandle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>(made);
}

using Preference = UniqueHandle<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

template <class T>
void set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute, T value) {
  CUBLAS_CHECK(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof(value)));
}

Preference preference(const ProductGeometry& g) {
  cublasLtMatmulPreference_t made = nullptr;
  CUBLAS_CHECK(cublasLtMatmulPreferenceCreate(&made));
  Preference preference(made);
  set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMostWorkspaceBytes);
  // Allows split-K only with partial sums in f32 that a second step adds: this order is fixed, and no sum is rounded to
  // bf16 on the way.
  set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      std::uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, g.b_alignment);  // exchanged, like the operands
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, g.a_alignment);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, g.c_alignment);
  set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, g.c_alignment);
  return preference;
}

std::string text(const ProductGeometry& g) {
  return engine::concat("product ", g.m, "x", g.n, "x", g.k, g.transpose_a ? " t" : " n", g.transpose_b ? "t " : "n ",
                        name(g.operands), " to ", name(g.result), g.bias ? " with bias" : "");
}

// In column-major terms c = op(a) op(b) is c' = op(b)' op(a)': the operands change places, and their transpose flags
// stay.
ProductPlan describe(const ProductGeometry& g, F32Products f32_products, const void* bias) {
  ProductPlan plan;
  const bool tf32 = g.operands == Dtype::f32 && f32_products == F32Products::tf32;
  cublasLtMatmulDesc_t made = nullptr;
  CUBLAS_CHECK(cublasLtMatmulDescCreate(&made, tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F));
  plan.product = UniqueHandle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>(made);
  set(plan, CUBLASLT_MATMUL_DESC_TRANSA, std::int32_t{g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N});
  set(plan, CUBLASLT_MATMUL_DESC_TRANSB, std::int32_t{g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N});
  if (g.bias) {
    set(plan, CUBLASLT_MATMUL_DESC_EPILOGUE, std::uint32_t{CUBLASLT_EPILOGUE_BIAS});
    set(plan, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, std::int32_t{type(g.result)});
    set(plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
  }
  plan.a = g.transpose_b ? layout(g.operands, g.n, g.k) : layout(g.operands, g.k, g.n);
  plan.b = g.transpose_a ? layout(g.operands, g.k, g.m) : layout(g.operands, g.m, g.k);
  plan.c = layout(g.result, g.m, g.n);
  return plan;
}

}  // namespace

void check(cublasStatus_t status, const Call& call) {
  if (status != CUBLAS_STATUS_SUCCESS) {
    fail(call, cublasLtGetStatusName(status), cublasLtGetStatusString(status), remedy(status));
  }
}

const ProductPlan& Blas::plan(const Context& context, const ProductGeometry& g, const void* bias) {
  if (const auto found = plans_.find(g); found != plans_.end()) return found->second;
  expect_no_capture(context, text(g));
  if (handle() == nullptr) {
    cublasLtHandle_t made = nullptr;
    CUBLAS_CHECK(cublasLtCreate(&made));
    handle_ = UniqueHandle<cublasLtHandle_t, cublasLtDestroy>(made);
  }
  ProductPlan plan = describe(g, f32_products_, bias);
  cublasLtMatmulHeuristicResult_t chosen{};
  int count = 0;
  const cublasStatus_t status =
      cublasLtMatmulAlgoGetHeuristic(handle(), plan.product.get(), plan.a.get(), plan.b.get(), plan.c.get(),
                                     plan.c.get(), preference(g).get(), 1, &chosen, &count);
  EXPECTS(status != CUBLAS_STATUS_NOT_SUPPORTED && (status != CUBLAS_STATUS_SUCCESS || count > 0), text(g),
          ": cuBLASLt ", cublasLtGetVersion(), " has no algorithm for it on this GPU");
  check(status, THIS_CALL(cublasLtMatmulAlgoGetHeuristic));
  plan.algorithm = chosen.algo;
  plan.workspace_bytes = chosen.workspaceSize;
  return plans_.emplace(g, std::move(plan)).first->second;
}

Blas& blas(const Context& context) {
  std::shared_ptr<Blas>& library = backend(context).blas();
  if (!library) library = std::make_shared<Blas>(backend(context).arithmetic().f32_products);
  return *library;
}

}  // namespace kernels::cuda
