#pragma once
#include <map>
#include <memory>
#include <string>

#include "kernels/context.h"
#include "kernels/runtime/backend.h"

/// What the rest of the kernels may know of this back end: no header of CUDA's.
namespace kernels::cuda {

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options);

/// {"CUDA", "13.0"}, {"CUDA driver", "13.1"} if there is one, and what was loaded: {"cuDNN", "9.19.0"}, ...
std::map<std::string, std::string> library_versions();

}  // namespace kernels::cuda
