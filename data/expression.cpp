#include "data/expression.h"

#include <algorithm>
#include <cctype>

#include "kernels/runtime/error.h"

namespace data {
namespace {

/// Deeper nesting is a mistake, and would use up the stack.
constexpr std::size_t kMostNesting = 32;

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

Value trimmed(Value value) {
  while (!value.text.empty() && is_space(value.text.front())) {
    value.text.remove_prefix(1);
    ++value.column;
  }
  while (!value.text.empty() && is_space(value.text.back())) value.text.remove_suffix(1);
  return value;
}

/// Where the quoted text that begins at `from` ends, after its last quote.
std::size_t end_of_quotes(const Value& value, std::size_t from, std::string_view whole) {
  for (std::size_t i = from + 1; i < value.text.size(); ++i) {
    if (value.text[i] == '\\')
      ++i;
    else if (value.text[i] == '"')
      return i + 1;
  }
  fail_at(value.column + from, whole, "the quotes are not closed");
}

/// Splits at the commas that stand in no parentheses, brackets or quotes.
std::vector<Value> split(const Value& list, std::string_view whole) {
  std::vector<Value> parts;
  std::vector<std::pair<char, std::size_t>> open;  // what closes it, and where it was opened
  std::size_t begin = 0;
  const auto end_part = [&](std::size_t end) {
    parts.push_back(trimmed({.text = list.text.substr(begin, end - begin), .column = list.column + begin}));
    begin = end + 1;
  };
  for (std::size_t i = 0; i < list.text.size(); ++i) {
    const char c = list.text[i];
    if (c == '"') {
      i = end_of_quotes(list, i, whole) - 1;
    } else if (c == '(' || c == '[') {
      open.emplace_back(c == '(' ? ')' : ']', i);
      if (open.size() > kMostNesting) fail_at(list.column + i, whole, "sources are nested too deeply");
    } else if (c == ')' || c == ']') {
      if (open.empty() || open.back().first != c)
        fail_at(list.column + i, whole, engine::concat("'", c, "' closes nothing"));
      open.pop_back();
    } else if (c == ',' && open.empty()) {
      end_part(i);
    }
  }
  if (!open.empty()) {
    fail_at(list.column + open.back().second, whole,
            engine::concat("'", list.text[open.back().second], "' is not closed"));
  }
  end_part(list.text.size());
  return parts;
}

Argument argument_of(const Value& part, std::string_view whole) {
  const std::size_t name =
      static_cast<std::size_t>(std::find_if_not(part.text.begin(), part.text.end(), is_name) - part.text.begin());
  std::size_t equals = name;
  while (equals < part.text.size() && is_space(part.text[equals])) ++equals;
  if (name == 0 || equals >= part.text.size() || part.text[equals] != '=') return {.name = {}, .value = part};
  const Argument argument{.name = part.text.substr(0, name),
                          .value = trimmed({.text = part.text.substr(equals + 1), .column = part.column + equals + 1})};
  if (argument.value.text.empty())
    fail_at(part.column, whole, engine::concat("the parameter '", argument.name, "' has no value"));
  return argument;
}

}  // namespace

void fail_at(std::size_t column, std::string_view whole, const std::string& reason) {
  std::string message = engine::concat("data.source: ", reason, ", at column ", column, " of '", whole, "'");
  // A message is one line, whatever the expression contains.
  const auto is_control = [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; };
  std::replace_if(message.begin(), message.end(), is_control, '?');
  throw engine::DataError(message);
}

Call parse_call(const Value& value, std::string_view whole) {
  const Value source = trimmed(value);
  Call call{.kind = {}, .column = source.column, .arguments = {}};
  const std::size_t name =
      static_cast<std::size_t>(std::find_if_not(source.text.begin(), source.text.end(), is_name) - source.text.begin());
  call.kind = source.text.substr(0, name);
  if (name == 0) fail_at(source.column, whole, "expected the kind of a source, such as mnist:DIR");
  if (name == source.text.size()) return call;
  const Value rest{.text = source.text.substr(name + 1), .column = source.column + name + 1};
  switch (source.text[name]) {
    case ':': {
      const Value path = value.whole ? rest : trimmed(rest);
      if (!path.text.empty()) call.arguments.push_back({.name = {}, .value = path});
      return call;
    }
    case '(': break;
    default: fail_at(source.column + name, whole, engine::concat("expected ':' or '(' after '", call.kind, "'"));
  }
  std::vector<Value> parts = split({.text = source.text.substr(name), .column = source.column + name}, whole);
  // What split() found balanced is "(...)" and nothing after it, unless text follows the parentheses.
  if (parts.size() != 1 || source.text.back() != ')')
    fail_at(source.column + name, whole, engine::concat("expected nothing after the arguments of '", call.kind, "'"));
  const Value inside{.text = rest.text.substr(0, rest.text.size() - 1), .column = rest.column};
  if (trimmed(inside).text.empty()) return call;
  for (const Value& part : split(inside, whole)) {
    if (part.text.empty()) fail_at(part.column, whole, engine::concat("an argument of '", call.kind, "' is missing"));
    call.arguments.push_back(argument_of(part, whole));
  }
  return call;
}

std::string unquoted(const Value& value, std::string_view whole) {
  if (value.text.empty() || value.text.front() != '"') return std::string(value.text);
  if (end_of_quotes(value, 0, whole) != value.text.size())
    fail_at(value.column, whole, "expected nothing after the quotes");
  std::string text;
  for (std::size_t i = 1; i + 1 < value.text.size(); ++i) {
    if (value.text[i] == '\\') ++i;
    text += value.text[i];
  }
  return text;
}

std::vector<Value> elements(const Value& value, std::string_view whole) {
  if (value.text.empty() || value.text.front() != '[') return {value};
  if (value.text.back() != ']') fail_at(value.column, whole, "expected nothing after the brackets");
  const Value inside{.text = value.text.substr(1, value.text.size() - 2), .column = value.column + 1};
  if (trimmed(inside).text.empty()) return {};
  return split(inside, whole);
}

}  // namespace data
