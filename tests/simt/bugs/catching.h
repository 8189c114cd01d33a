#pragma once
#include <doctest/doctest.h>

#include <string>

#include "kernels/cuda/launch.h"
#include "tests/simt/device_array.h"

/// Each kernel has a correct variant, kBug = 0, which must pass, and broken variants, which must be caught.
namespace tests {

/// The error of a launch; empty if nothing was wrong.
template <class... Parameters, class... Arguments>
std::string complaint(void (*kernel)(Parameters...), const kernels::cuda::Launch& how, const Arguments&... arguments) {
  try {
    kernels::cuda::launch(how, kernel, arguments...);
  } catch (const simt::Error& error) { return error.what(); }
  return "";
}

enum class Seen { by_both_builds, by_check_build };

/// The check build must report `sentence`; the fast build, where it can see the bug, must report something.
inline void expect_caught(const std::string& complaint, const char* sentence, Seen seen) {
  CAPTURE(sentence);
  CAPTURE(complaint);
  if (simt::instrumented()) {
    CHECK(complaint.find(sentence) != std::string::npos);
  } else if (seen == Seen::by_both_builds) {
    CHECK(!complaint.empty());
  }
}

/// 0, 1, ... 96, 0, ...
inline std::vector<float> ramp(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i % 97);
  return values;
}

}  // namespace tests
