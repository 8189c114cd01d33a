#include <cublasLt.h>
#include <cudnn.h>
#include <nvrtc.h>

#include "kernels/cuda/vendor_library.h"

// NVIDIA's functions under their own names, for the back end and for cudnn-frontend: each loads the real function at
// its first call. The compiler checks their signatures against NVIDIA's headers, and the linker reports any that is
// missing here.
using namespace kernels::cuda;

#define FORWARD(library, function, ...)                                                            \
  static const auto real = reinterpret_cast<decltype(&function)>(function_of(library, #function)); \
  return real(__VA_ARGS__)
#define TO_BLAS(function, ...) FORWARD(kBlasLibrary, function, __VA_ARGS__)
#define TO_COMPILER(function, ...) FORWARD(kCompilerLibrary, function, __VA_ARGS__)
#define TO_DNN(function, ...) FORWARD(kDnnLibrary, function, __VA_ARGS__)

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) { TO_BLAS(cublasLtCreate, handle); }
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { TO_BLAS(cublasLtDestroy, handle); }
const char* cublasLtGetStatusName(cublasStatus_t status) { TO_BLAS(cublasLtGetStatusName, status); }
const char* cublasLtGetStatusString(cublasStatus_t status) { TO_BLAS(cublasLtGetStatusString, status); }
size_t cublasLtGetVersion() { TO_BLAS(cublasLtGetVersion); }
cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t product, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout,
                              const void* beta, const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              size_t workspace_bytes, cudaStream_t stream) {
  TO_BLAS(cublasLtMatmul, handle, product, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout, algorithm,
          workspace, workspace_bytes, stream);
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
  TO_BLAS(cublasLtMatmulAlgoGetHeuristic, handle, product, a, b, c, d, preference, most, results, count);
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  TO_BLAS(cublasLtMatmulDescCreate, product, compute, scale);
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) { TO_BLAS(cublasLtMatmulDescDestroy, product); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  TO_BLAS(cublasLtMatmulDescSetAttribute, product, attribute, value, bytes);
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  TO_BLAS(cublasLtMatmulPreferenceCreate, preference);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  TO_BLAS(cublasLtMatmulPreferenceDestroy, preference);
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    size_t bytes) {
  TO_BLAS(cublasLtMatmulPreferenceSetAttribute, preference, attribute, value, bytes);
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  TO_BLAS(cublasLtMatrixLayoutCreate, layout, type, rows, columns, leading);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  TO_BLAS(cublasLtMatrixLayoutDestroy, layout);
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  TO_DNN(cudnnBackendCreateDescriptor, type, descriptor);
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  TO_DNN(cudnnBackendDestroyDescriptor, descriptor);
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t variants) {
  TO_DNN(cudnnBackendExecute, handle, plan, variants);
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) { TO_DNN(cudnnBackendFinalize, descriptor); }
cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t wanted, int64_t* count, void* values) {
  TO_DNN(cudnnBackendGetAttribute, descriptor, name, type, wanted, count, values);
}
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  TO_DNN(cudnnBackendSetAttribute, descriptor, name, type, count, values);
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) { TO_DNN(cudnnCreate, handle); }
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) { TO_DNN(cudnnDestroy, handle); }
const char* cudnnGetErrorString(cudnnStatus_t status) { TO_DNN(cudnnGetErrorString, status); }
void cudnnGetLastErrorString(char* message, size_t bytes) { TO_DNN(cudnnGetLastErrorString, message, bytes); }
cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* stream) { TO_DNN(cudnnGetStream, handle, stream); }
size_t cudnnGetVersion() { TO_DNN(cudnnGetVersion); }
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) { TO_DNN(cudnnSetStream, handle, stream); }

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int count, const char* const* options) {
  TO_COMPILER(nvrtcCompileProgram, program, count, options);
}
nvrtcResult nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char* name, int count,
                               const char* const* headers, const char* const* names) {
  TO_COMPILER(nvrtcCreateProgram, program, source, name, count, headers, names);
}
nvrtcResult nvrtcDestroyProgram(nvrtcProgram* program) { TO_COMPILER(nvrtcDestroyProgram, program); }
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char* code) { TO_COMPILER(nvrtcGetCUBIN, program, code); }
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t* bytes) { TO_COMPILER(nvrtcGetCUBINSize, program, bytes); }
nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char* log) { TO_COMPILER(nvrtcGetProgramLog, program, log); }
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t* bytes) {
  TO_COMPILER(nvrtcGetProgramLogSize, program, bytes);
}

}  // extern "C"
