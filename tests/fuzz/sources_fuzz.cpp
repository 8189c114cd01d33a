// Expressions of sources: every part that may be a source again is parsed as one.
#include <string_view>
#include <vector>

#include "data/expression.h"
#include "kernels/runtime/error.h"
#include "tests/fuzz/input.h"

namespace {

void parse_all(const data::Value& value, std::string_view whole, int depth) {
  constexpr int kDeepest = 40;
  if (depth > kDeepest) return;
  const data::Call call = data::parse_call(value, whole);
  for (const data::Argument& argument : call.arguments) {
    const data::Value& part = argument.value;
    must(whole.substr(part.column - 1, part.text.size()) == part.text, "an argument is where its column says");
    try {
      data::unquoted(part, whole);
      for (const data::Value& element : data::elements(part, whole)) parse_all(element, whole, depth + 1);
    } catch (const engine::DataError&) {}
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  try {
    parse_all({.text = text, .column = 1, .whole = true}, text, 0);
  } catch (const engine::DataError& error) {
    must(std::string_view(error.what()).find("at column ") != std::string_view::npos, "an error names the place");
  }
  return 0;
}
