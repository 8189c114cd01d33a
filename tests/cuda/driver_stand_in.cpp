// The part of NVIDIA's driver that cuDNN needs to compile kernels for a GPU given by a description only. Built as
// libcuda.so.1, so that plans are tested on machines without a driver. Kernels are "loaded" but cannot run.
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

// cuDNN accepts a driver that lacks any of these, but then does not use the kernels that it compiles at run time.
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
