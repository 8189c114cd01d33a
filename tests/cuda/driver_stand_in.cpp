// What cuDNN wants of NVIDIA's driver to compile kernels for a GPU that is merely described: built as libcuda.so.1, so
// that plans can be tested on machines without a driver. Kernels are "loaded" to nothing, and nothing can run.
namespace {

constexpr int kSuccess = 0, kNotInitialized = 3;
constexpr int kSomething = 1;  // what handles point to

int hand_out(const void** handle) {
  *handle = &kSomething;
  return kSuccess;
}

}  // namespace

extern "C" {

int cuLibraryLoadData(const void** library) { return hand_out(library); }
int cuLibraryLoadFromFile(const void** library) { return hand_out(library); }
int cuLibraryGetKernel(const void** kernel) { return hand_out(kernel); }
int cuLibraryUnload() { return kSuccess; }
int cuKernelSetAttribute() { return kSuccess; }
int cuKernelGetAttribute(int* value) {
  *value = 0;
  return kSuccess;
}

// cuDNN does without a driver that lacks any of these, and then without the kernels that it would compile.
#define ABSENT(function) \
  int function() { return kNotInitialized; }
ABSENT(cuCtxGetCurrent)
ABSENT(cuCtxGetLimit)
ABSENT(cuCtxPopCurrent)
ABSENT(cuCtxPushCurrent)
ABSENT(cuDeviceGet)
ABSENT(cuDeviceGetCount)
ABSENT(cuDriverGetVersion)
ABSENT(cuGetErrorName)
ABSENT(cuGetErrorString)
ABSENT(cuLaunchCooperativeKernel)
ABSENT(cuLaunchKernel)
ABSENT(cuLaunchKernelEx)
ABSENT(cuLinkAddData)
ABSENT(cuLinkComplete)
ABSENT(cuLinkCreate)
ABSENT(cuLinkDestroy)
ABSENT(cuOccupancyMaxPotentialClusterSize)
ABSENT(cuStreamGetCtx)
}
