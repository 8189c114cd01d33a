#pragma once
#include <map>
#include <memory>
#include <string>

#include "kernels/context.h"
#include "kernels/runtime/backend.h"

/// The interface of this back end for the rest of the kernels; includes no CUDA header.
namespace kernels::cuda {

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options);

/// {"CUDA", "13.0"}, {"CUDA driver", "13.1"} if there is a driver, and the loaded libraries: {"cuDNN", "9.19.0"}, ...
std::map<std::string, std::string> library_versions();

}  // namespace kernels::cuda
