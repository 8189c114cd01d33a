#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/profile.h"

namespace apps {

class Buffers;

/// One kernel with its own buffers.
struct KernelWork {
  std::string example;    ///< the tensor it runs on: "f32 [64,56,56,64]"
  engine::Cost cost;      ///< of one run, as the kernel declares it; empty if it declares none
  std::size_t bytes = 0;  ///< size of its buffers
  std::function<void()> run;
};

/// A kernel's name, and how to allocate and fill its tensors: those of ResNet-50 at 224x224 pixels, of a projection
/// head, or of a loss.
struct KernelEntry {
  std::string_view name;
  KernelWork (*make)(Buffers& buffers);
};

/// One entry for every kernel.
std::vector<KernelEntry> kernel_entries();

std::vector<KernelEntry> image_kernels();
std::vector<KernelEntry> row_kernels();
std::vector<KernelEntry> parameter_kernels();
std::vector<KernelEntry> momentum_kernels();

}  // namespace apps
