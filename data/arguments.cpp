#include <algorithm>
#include <charconv>
#include <optional>

#include "data/compositions/resident.h"
#include "data/kinds.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/nearest.h"

namespace data {

using engine::concat;

namespace {

/// "a, b or c"
std::string alternatives(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += concat(i == 0 ? "" : i + 1 == names.size() ? " or " : ", ", names[i]);
  return text;
}

/// The whole text as a number of that range.
std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || after != end || number < min || number > max) return std::nullopt;
  return number;
}

const Kind& kind_of(const Call& call, std::string_view whole) {
  std::vector<std::string_view> names;
  for (const Kind& kind : kinds()) {
    if (kind.name == call.kind) return kind;
    names.push_back(kind.name);
  }
  fail_at(call.column, whole,
          concat("there is no source '", call.kind, "', the nearest is '", engine::nearest(call.kind, names), "'"));
}

/// What a source refuses of its options, whose combinations only it can judge, is a mistake in the expression.
std::shared_ptr<const Source> open_call(const Kind& kind, const Call& call, std::string_view whole,
                                        const Opening& opening) {
  try {
    return kind.open(Arguments(kind, call, whole, opening));
  } catch (const engine::DataError&) { throw; } catch (const engine::OutOfMemory&) {
    throw;
  } catch (const engine::Error& error) { fail_at(call.column, whole, error.what()); }
}

std::shared_ptr<const Source> open_value(const Value& value, std::string_view whole, const Opening& opening) {
  const Call call = parse_call(value, whole);
  const Kind& kind = kind_of(call, whole);
  std::shared_ptr<const Source> source = open_call(kind, call, whole, opening);
  if (!kind.slow || !Resident::fits(*source, opening.resident_bytes)) return source;
  return std::make_shared<Resident>(
      source, kind.identified_by_images ? Resident::Fingerprint::of_images : Resident::Fingerprint::of_source);
}

}  // namespace

Arguments::Arguments(const Kind& kind, const Call& call, std::string_view whole, const Opening& opening)
    : kind_(kind), call_(call), whole_(whole), opening_(opening) {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : kind.parameters) names.push_back(parameter.name);
  const auto is_unnamed = [](const Argument& argument) { return argument.name.empty(); };
  const auto unnamed = std::count_if(call.arguments.begin(), call.arguments.end(), is_unnamed);
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const Argument& argument = call.arguments[i];
    if (argument.name.empty()) {
      if (kind.first.empty())
        fail_at(argument.value.column, whole, concat("'", kind.name, "' takes nothing without a name"));
      if (i == 0) continue;
      fail_at(argument.value.column, whole,
              concat("after the first, an argument of '", kind.name, "' needs a name, as in ",
                     names.empty() ? "name" : names[0], "=", argument.value.text));
    }
    const std::size_t column = static_cast<std::size_t>(argument.name.data() - whole.data()) + 1;
    if (std::find(names.begin(), names.end(), argument.name) == names.end()) {
      fail_at(column, whole,
              concat("'", kind.name, "' has no parameter '", argument.name, "'",
                     names.empty() ? "" : concat(", the nearest is '", engine::nearest(argument.name, names), "'")));
    }
    for (std::size_t j = 0; j < i; ++j)
      if (call.arguments[j].name == argument.name)
        fail_at(column, whole, concat("the parameter '", argument.name, "' is given twice"));
  }
  if (unnamed == 0 && !kind.first.empty()) {
    const bool source = kind.first == "SOURCE";
    fail_at(call.column, whole,
            concat("'", kind.name, "' needs a ", source ? "source" : "path", ", as in ", kind.name,
                   source ? "(SOURCE, ...)" : concat(":", kind.first)));
  }
}

const Value& Arguments::first() const { return call_.arguments.front().value; }
std::string Arguments::path() const { return unquoted(first(), whole_); }
std::shared_ptr<const Source> Arguments::source() const { return source(opening_); }
std::shared_ptr<const Source> Arguments::source(const Opening& opening) const {
  return open_value(first(), whole_, opening);
}

bool Arguments::given(std::string_view name) const {
  return std::any_of(call_.arguments.begin(), call_.arguments.end(),
                     [&](const Argument& argument) { return argument.name == name; });
}

Value Arguments::value(std::string_view name) const {
  for (const Argument& argument : call_.arguments)
    if (argument.name == name) return argument.value;
  const auto parameter = std::find_if(kind_.parameters.begin(), kind_.parameters.end(),
                                      [&](const Parameter& p) { return p.name == name; });
  EXPECTS(parameter != kind_.parameters.end(), "source ", kind_.name, ": there is no parameter ", name);
  if (parameter->fallback.empty())
    fail_at(call_.column, whole_, concat("'", kind_.name, "' needs ", name, "=, ", parameter->help));
  return {.text = parameter->fallback, .column = call_.column};
}

void Arguments::refuse_without(std::string_view name, std::string_view other) const {
  if (given(name)) fail_at(value(name).column, whole_, concat("'", name, "' does nothing without '", other, "'"));
}

void Arguments::reject(std::string_view name, const std::string& expected) const {
  reject(name, expected, value(name));
}

void Arguments::reject(std::string_view name, const std::string& expected, const Value& got) const {
  fail_at(got.column, whole_, concat("'", name, "' must be ", expected, ", got '", got.text, "'"));
}

std::shared_ptr<const Source> Arguments::source(std::string_view name) const {
  return open_value(value(name), whole_, opening_);
}

std::string Arguments::text(std::string_view name) const { return unquoted(value(name), whole_); }

std::int64_t Arguments::whole(std::string_view name, std::int64_t min, std::int64_t max) const {
  const std::optional<std::int64_t> number = whole_number(value(name).text, min, max);
  if (!number) reject(name, concat("a whole number from ", min, " to ", max));
  return *number;
}

std::vector<std::int64_t> Arguments::whole_numbers(std::string_view name, std::int64_t min, std::int64_t max) const {
  const std::string expected = concat("one or more whole numbers from ", min, " to ", max, ", as in [3, 5]");
  std::vector<std::int64_t> numbers;
  for (const Value& each : elements(value(name), whole_)) {
    const std::optional<std::int64_t> number = whole_number(each.text, min, max);
    if (!number) reject(name, expected, each);
    numbers.push_back(*number);
  }
  if (numbers.empty()) reject(name, expected);
  return numbers;
}

double Arguments::number(std::string_view name, double min, double max) const {
  const Value given = value(name);
  double number = 0;
  const char* end = given.text.data() + given.text.size();
  const auto [after, error] = std::from_chars(given.text.data(), end, number);
  if (error != std::errc() || after != end || !(number >= min && number <= max))
    reject(name, concat("a number from ", min, " to ", max));
  return number;
}

Extent Arguments::extent(std::string_view name, std::int64_t max) const {
  const std::string_view text = value(name).text;
  const std::size_t cross = text.find('x');
  const std::optional<std::int64_t> height = whole_number(text.substr(0, cross), 1, max);
  const std::optional<std::int64_t> width = cross == text.npos ? height : whole_number(text.substr(cross + 1), 1, max);
  if (!height || !width) reject(name, concat("a side from 1 to ", max, " pixels, or HEIGHTxWIDTH"));
  return {.height = *height, .width = *width};
}

bool Arguments::on_off(std::string_view name) const { return choice(name, {"off", "on"}) == 1; }

std::size_t Arguments::choice(std::string_view name, const std::vector<std::string_view>& names) const {
  const auto found = std::find(names.begin(), names.end(), value(name).text);
  if (found == names.end()) reject(name, alternatives(names));
  return static_cast<std::size_t>(found - names.begin());
}

std::shared_ptr<const Source> open_source(std::string_view expression, const Opening& opening) {
  return open_value({.text = expression, .column = 1, .whole = true}, expression, opening);
}

std::string list_of_kinds() {
  std::string text;
  for (const Kind& kind : kinds()) {
    const bool source = kind.first == "SOURCE";
    std::string form(kind.name);
    if (source || (kind.first.empty() && !kind.parameters.empty()))
      form += concat("(", kind.first, ")");
    else
      form += concat(":", kind.first);
    text += concat(form, std::string(form.size() < 20 ? 20 - form.size() : 1, ' '), kind.help, "\n");
    for (const Parameter& parameter : kind.parameters) {
      const std::string name = concat("  ", parameter.name, "=", parameter.fallback);
      text += concat(name, std::string(name.size() < 20 ? 20 - name.size() : 1, ' '), parameter.help, "\n");
    }
  }
  return text;
}

}  // namespace data
