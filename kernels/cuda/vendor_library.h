#pragma once
#include <filesystem>
#include <vector>

namespace kernels::cuda {

/// One of NVIDIA's libraries. Programs do not link it: it is loaded at the first call of one of its functions
/// (vendor_calls.cpp), so that programs start, and run on the CPU, where it is missing.
struct VendorLibrary {
  const char *name, *file, *package;  ///< {"cuDNN 9", "libcudnn.so.9", the Python package that contains it}
};
inline constexpr VendorLibrary kBlasLibrary{"cuBLASLt 13", "libcublasLt.so.13", "nvidia-cublas"};
inline constexpr VendorLibrary kCompilerLibrary{"NVRTC 13", "libnvrtc.so.13", "nvidia-cuda-nvrtc"};
inline constexpr VendorLibrary kDnnLibrary{"cuDNN 9", "libcudnn.so.9", "nvidia-cudnn-cu13"};
inline constexpr VendorLibrary kNcclLibrary{"NCCL 2 on several ranks", "libnccl.so.2", "nvidia-nccl-cu13"};

/// Loads the library: from where the loader finds it, else from the first of vendor_directories() that contains it.
/// Throws, naming the places searched, if it is nowhere.
void* load(const VendorLibrary& library);
/// The same, but null if there is none.
void* load_if_present(const VendorLibrary& library);
bool is_loaded(const VendorLibrary& library);

/// The address of a function of a library, which is loaded if necessary.
void* function_of(const VendorLibrary& library, const char* name);

/// The existing directories where toolkits, Python packages, conda and distributions install NVIDIA's libraries.
std::vector<std::filesystem::path> vendor_directories();

}  // namespace kernels::cuda
