#include "apps/settings/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernels/runtime/error.h"

namespace apps {
namespace {

/// The number if all of `text` is a number that fits T; otherwise nothing.
template <class T>
std::optional<T> whole_text(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool inside(const Range& range, double value) {
  const bool low = range.min_excluded ? value > range.min : value >= range.min;
  const bool high = range.max_excluded ? value < range.max : value <= range.max;
  return std::isfinite(value) && ((low && high) || (range.or_zero && value == 0));
}

/// Without an upper bound, whole numbers are limited by 63 bits.
std::string whole_range_text(const Range& range) {
  if (std::isinf(range.max)) return fmt::format(" of at least {:.0f}, and below 2^63", range.min);
  return fmt::format(" from {:.0f} to {:.0f}", range.min, range.max);
}

std::string range_text(const Range& range) {
  if (std::isinf(range.max)) return fmt::format(" {} {}", range.min_excluded ? "above" : "of at least", range.min);
  return fmt::format("{} from {}{} to {}{}", range.or_zero ? ", 0 or" : "", range.min,
                     range.min_excluded ? " (excluded)" : "", range.max, range.max_excluded ? " (excluded)" : "");
}

}  // namespace

std::string expectation(Kind kind, const Range& range, const Choices& choices) {
  const std::string others =
      kind == Kind::text || choices.empty() ? "" : fmt::format(", or {}", fmt::join(choices, ", "));
  switch (kind) {
    case Kind::on_off: return "on or off" + others;
    case Kind::whole: return "a whole number" + whole_range_text(range) + others;
    case Kind::number: return "a number" + range_text(range) + others;
    case Kind::numbers: return "numbers" + range_text(range) + " with commas between" + others;
    case Kind::names: return "different names with commas between, or nothing" + others;
    case Kind::text: break;
  }
  if (choices.empty()) return "text";
  return fmt::format("{}{}", choices.size() > 1 ? "one of " : "", fmt::join(choices, ", "));
}

std::string placeholder(Kind kind, const Choices& choices) {
  const std::string others = fmt::format("{}{}", choices.empty() ? "" : "|", fmt::join(choices, "|"));
  switch (kind) {
    case Kind::on_off: return "on|off" + others;
    case Kind::whole: return "N" + others;
    case Kind::number: return "X" + others;
    case Kind::numbers: return "X,X,..." + others;
    case Kind::names: return "NAME,NAME,..." + others;
    case Kind::text: break;
  }
  return choices.empty() ? "TEXT" : others.substr(1);
}

bool has_form(std::string_view text, std::string_view form) {
  if (form == "FILE") return !text.empty();
  if (!form.ends_with(":N")) return text == form;
  form.remove_suffix(1);
  return text.starts_with(form) && whole_text<unsigned>(text.substr(form.size()));
}

std::optional<bool> read_switch(std::string_view text) {
  if (text == "on" || text == "true") return true;
  if (text == "off" || text == "false") return false;
  return std::nullopt;
}

std::optional<std::int64_t> read_whole(std::string_view text, const Range& range) {
  const auto number = whole_text<std::int64_t>(text);
  return number && inside(range, static_cast<double>(*number)) ? number : std::nullopt;
}

std::optional<double> read_number(std::string_view text, const Range& range) {
  const auto number = whole_text<double>(text);
  return number && inside(range, *number) ? number : std::nullopt;
}

std::optional<std::vector<double>> read_numbers(std::string_view text, const Range& range) {
  std::vector<double> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto number = read_number(text.substr(begin, end - begin), range);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
    begin = end + 1;
  }
  return numbers;
}

std::optional<std::vector<std::string>> read_names(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return std::nullopt;
    names.emplace_back(name);
    begin = end + 1;
  }
  return names;
}

std::string number_text(double number) { return fmt::format("{}", number); }
std::string number_text(float number) { return fmt::format("{}", number); }

std::string Format<std::vector<double>>::text(const std::vector<double>& values) {
  return fmt::format("{}", fmt::join(values, ","));
}

std::string Format<std::vector<std::string>>::text(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ","));
}

std::string Format<engine::Device>::text(const engine::Device& value) {
  if (value.kind == engine::DeviceKind::cpu) return "cpu";
  return value.index == 0 ? "cuda" : fmt::format("cuda:{}", value.index);
}

std::optional<engine::Device> Format<engine::Device>::read(std::string_view text, const Range&) {
  try {
    return engine::Device::parse(text);
  } catch (const engine::Error&) { return std::nullopt; }
}

}  // namespace apps
