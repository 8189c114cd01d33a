#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/runtime/profile.h"

namespace apps {

class Buffers;

/// One kernel with buffers of its own to run on.
struct KernelWork {
  std::string example;    ///< what it runs on: "f32 [64,56,56,64]"
  engine::Cost cost;      ///< of one run, by the kernel's own account; none where it has no account
  std::size_t bytes = 0;  ///< of its buffers
  std::function<void()> run;
};

/// A kernel by its name, and how to allocate and fill what it is timed on: the tensors of ResNet-50 at 224x224 pixels,
/// of a projection head, or of a loss.
struct KernelEntry {
  std::string_view name;
  KernelWork (*make)(Buffers& buffers);
};

/// Every kernel that there is.
std::vector<KernelEntry> kernel_entries();

std::vector<KernelEntry> image_kernels();
std::vector<KernelEntry> row_kernels();
std::vector<KernelEntry> parameter_kernels();

}  // namespace apps
