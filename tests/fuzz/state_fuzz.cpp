// state.json of a checkpoint.
#include "apps/run/checkpoint.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    apps::parse_state(text_of(data, size), "input");
  } catch (const engine::Error& error) {
    must(std::string_view(error.what()).starts_with("input"), "an error names the file");
  }
  return 0;
}
