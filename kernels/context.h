#pragma once
#include <map>
#include <string>

#include "engine/core/context.h"

namespace kernels {

struct ContextOptions {
  engine::Device device;
  int threads = 0;  ///< CPU threads; 0 means every core this process may use
};

/// Makes the context of a device. Throws when this build or machine does not have it.
engine::Context make_context(const ContextOptions& options = {});

/// Name -> version of the vendor libraries behind the kernels, as loaded: {"oneDNN", "2.6.3"}.
std::map<std::string, std::string> library_versions();

}  // namespace kernels
