#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace data {

/// A source as users write it: a kind with its arguments, of which some are sources again.
///
///     source   = kind [":" path] | kind "(" [argument {"," argument}] ")"
///     argument = [name "="] value
///     value    = source | number | word | path | "[" values "]" | quoted text
///
/// A path ends where its argument ends; one that contains a comma, a parenthesis or spaces at its ends stands in double
/// quotes, in which \" and \\ stand for " and \. The path of a source that is the whole text needs no quotes.
struct Value {
  std::string_view text;   ///< a part of the whole text, without spaces around it
  std::size_t column = 0;  ///< of its first character, counted from 1
  bool whole = false;      ///< it is the whole text
};

struct Argument {
  std::string_view name;  ///< empty: known by its place
  Value value;
};

struct Call {
  std::string_view kind;
  std::size_t column = 0;
  std::vector<Argument> arguments;  ///< "kind:path" is kind(path)
};

/// Splits a source into its kind and its arguments, without looking into these. Throws engine::DataError, which names
/// the place in `whole`.
Call parse_call(const Value& value, std::string_view whole);

/// The value without quotes, if it has some.
std::string unquoted(const Value& value, std::string_view whole);

/// The values of "[a, b]"; of another value itself.
std::vector<Value> elements(const Value& value, std::string_view whole);

/// Throws engine::DataError: "data.source: REASON at column 9 of 'EXPRESSION'".
[[noreturn]] void fail_at(std::size_t column, std::string_view whole, const std::string& reason);

}  // namespace data
