#pragma once
#include <map>
#include <memory>
#include <string>

#include "kernels/context.h"
#include "kernels/runtime/backend.h"

/// The interface of this back end for the rest of the kernels; includes no CUDA header.
namespace kernels::cuda {

std::unique_ptr<engine::Backend> make_backend(const ContextOptions& options);

/// The GPU of this rank: of those on its machine, the one with its number among the ranks there; its only one, if it
/// sees no other. Collective. Throws on all ranks if one has no GPU, or two have the same.
engine::Device device_of_rank(engine::Communicator& ranks);

/// Connects the GPUs of the ranks, each with its back end. Collective; `host` must outlive the result.
std::unique_ptr<engine::Communicator> connect(engine::Backend& backend, engine::Communicator& host);

/// {"CUDA", "13.0"}, {"CUDA driver", "13.1"} if there is a driver, and the loaded libraries: {"cuDNN", "9.19.0"}, ...
std::map<std::string, std::string> library_versions();

}  // namespace kernels::cuda
