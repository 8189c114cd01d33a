#include "data/stand_in.h"

#include <algorithm>

#include "data/expression.h"
#include "data/kinds.h"
#include "kernels/runtime/error.h"

namespace data {
namespace {

using engine::concat;

const Kind* kind_named(std::string_view name) {
  const auto found = std::find_if(kinds().begin(), kinds().end(), [&](const Kind& kind) { return kind.name == name; });
  return found == kinds().end() ? nullptr : &*found;
}

/// Whether the value of a parameter is a source and not a number, a word or a path.
bool is_source(const Value& value) {
  const std::size_t end = value.text.find_first_of(":(");
  return end != value.text.npos && kind_named(value.text.substr(0, end)) != nullptr;
}

std::optional<std::string> stand_in(const Value& value, std::string_view whole) {
  const Call call = parse_call(value, whole);
  const Kind* kind = kind_named(call.kind);
  if (kind == nullptr) return {};
  if (!kind->blank.empty()) return concat("blank(", kind->blank, ")");
  const bool composed = kind->first == "SOURCE";
  if (!composed) return kind->first.empty() ? std::optional(std::string(value.text)) : std::nullopt;
  std::string arguments;
  for (const Argument& argument : call.arguments) {
    std::string text(argument.value.text);
    if (is_source(argument.value)) {
      const std::optional<std::string> blank = stand_in(argument.value, whole);
      if (!blank) return {};
      text = *blank;
    }
    arguments += concat(arguments.empty() ? "" : ", ", argument.name, argument.name.empty() ? "" : "=", text);
  }
  return concat(call.kind, "(", arguments, ")");
}

}  // namespace

std::optional<std::string> with_blank_images(std::string_view source) {
  try {
    return stand_in({.text = source, .column = 1, .whole = true}, source);
  } catch (const engine::DataError&) { return {}; }
}

}  // namespace data
