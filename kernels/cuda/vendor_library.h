#pragma once
#include <filesystem>
#include <vector>

namespace kernels::cuda {

/// A library of NVIDIA's. Programs do not link it: it is looked for when one of its functions is first called
/// (vendor_calls.cpp), so that they start, and compute on the CPU, where it is missing.
struct VendorLibrary {
  const char *name, *file, *package;  ///< {"cuDNN 9", "libcudnn.so.9", the Python package that brings it}
};
inline constexpr VendorLibrary kBlasLibrary{"cuBLASLt 13", "libcublasLt.so.13", "nvidia-cublas"};
inline constexpr VendorLibrary kCompilerLibrary{"NVRTC 13", "libnvrtc.so.13", "nvidia-cuda-nvrtc"};
inline constexpr VendorLibrary kDnnLibrary{"cuDNN 9", "libcudnn.so.9", "nvidia-cudnn-cu13"};

/// Loads it: from where the loader finds it, else from the first of vendor_directories() that has it. Throws where none
/// does, and says where it was looked for.
void* load(const VendorLibrary& library);
bool is_loaded(const VendorLibrary& library);

/// The address of a function, of a library that is loaded if need be.
void* function_of(const VendorLibrary& library, const char* name);

/// Where toolkits, Python packages, conda and distributions put NVIDIA's libraries: what there is of it here.
std::vector<std::filesystem::path> vendor_directories();

}  // namespace kernels::cuda
