#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kernels/runtime/device.h"
#include "kernels/runtime/names.h"

namespace apps {

/// The kind of text that people write for a setting.
enum class Kind { on_off, whole, number, numbers, names, text };

/// The range of numbers that a setting accepts.
struct Range {
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  bool min_excluded = false, max_excluded = false;
  bool or_zero = false;  ///< 0 is accepted, too
};

constexpr Range at_least(double min) { return {.min = min}; }
constexpr Range above(double min) { return {.min = min, .min_excluded = true}; }
constexpr Range between(double min, double max) { return {.min = min, .max = max}; }

/// The accepted texts, for numbers and switches beside their values. Some are patterns: in "x:N", N stands for any
/// number, and "FILE" stands for any text.
using Choices = std::vector<std::string_view>;
inline constexpr std::string_view kAuto = "auto";

/// Describes what a setting accepts: "a number above 0", "one of constant, polynomial, cosine", ...
std::string expectation(Kind kind, const Range& range, const Choices& choices);
/// The placeholder in --help: "N", "on|off", "adam|sgd|lars".
std::string placeholder(Kind kind, const Choices& choices);
/// Whether `text` is this choice or matches its pattern.
bool has_form(std::string_view text, std::string_view form);

std::optional<bool> read_switch(std::string_view text);
/// Numbers within the range; nothing for any other text.
std::optional<std::int64_t> read_whole(std::string_view text, const Range& range);
std::optional<double> read_number(std::string_view text, const Range& range);
std::optional<std::vector<double>> read_numbers(std::string_view text, const Range& range);
std::optional<std::vector<std::string>> read_names(std::string_view text);
/// The shortest decimal that reads back as the same number.
std::string number_text(double number);
std::string number_text(float number);

/// How values of a type are written and read. A setting may have any type with a Format: those below, every enumeration
/// with names, an optional of such a type, and types with `kChoices`, `parse(text)` (returns an optional) and `text()`.
template <class T>
struct Format {
  static constexpr Kind kKind = Kind::text;
  static Choices choices() { return {T::kChoices.begin(), T::kChoices.end()}; }
  static std::string text(const T& value) { return value.text(); }
  static std::optional<T> read(std::string_view text, const Range&) { return T::parse(text); }
};

template <engine::Named Enum>
struct Format<Enum> {
  static constexpr Kind kKind = Kind::text;
  static Choices choices() { return {engine::kNames<Enum>.begin(), engine::kNames<Enum>.end()}; }
  static std::string text(Enum value) { return std::string(engine::name(value)); }
  static std::optional<Enum> read(std::string_view text, const Range&) { return engine::named<Enum>(text); }
};

template <>
struct Format<bool> {
  static constexpr Kind kKind = Kind::on_off;
  static Choices choices() { return {}; }
  static std::string text(bool value) { return value ? "on" : "off"; }
  static std::optional<bool> read(std::string_view text, const Range&) { return read_switch(text); }
};

template <class T>
requires std::is_integral_v<T>
struct Format<T> {
  static constexpr Kind kKind = Kind::whole;
  static Choices choices() { return {}; }
  static std::string text(T value) { return std::to_string(value); }
  static std::optional<T> read(std::string_view text, const Range& range) {
    if (const auto number = read_whole(text, range)) return static_cast<T>(*number);
    return std::nullopt;
  }
};

/// The range applies to the number as written; it is rounded to float afterwards.
template <class T>
requires std::is_floating_point_v<T>
struct Format<T> {
  static constexpr Kind kKind = Kind::number;
  static Choices choices() { return {}; }
  static std::string text(T value) { return number_text(value); }
  static std::optional<T> read(std::string_view text, const Range& range) {
    if (const auto number = read_number(text, range)) return static_cast<T>(*number);
    return std::nullopt;
  }
};

template <>
struct Format<std::vector<double>> {
  static constexpr Kind kKind = Kind::numbers;
  static Choices choices() { return {}; }
  static std::string text(const std::vector<double>& values);
  static std::optional<std::vector<double>> read(std::string_view text, const Range& range) {
    return read_numbers(text, range);
  }
};

/// Names that differ from each other; possibly none.
template <>
struct Format<std::vector<std::string>> {
  static constexpr Kind kKind = Kind::names;
  static Choices choices() { return {}; }
  static std::string text(const std::vector<std::string>& names);
  static std::optional<std::vector<std::string>> read(std::string_view text, const Range&) { return read_names(text); }
};

template <>
struct Format<std::string> {
  static constexpr Kind kKind = Kind::text;
  static Choices choices() { return {}; }
  static std::string text(const std::string& value) { return value; }
  static std::optional<std::string> read(std::string_view text, const Range&) { return std::string(text); }
};

/// A setting whose default depends on others: "auto" or a value.
template <class T>
struct Format<std::optional<T>> {
  static constexpr Kind kKind = Format<T>::kKind;
  static_assert(kKind != Kind::text || engine::Named<T>, "every text would be a value, auto as well");
  static Choices choices() {
    Choices all{kAuto};
    if constexpr (engine::Named<T>)
      for (const auto& name : Format<T>::choices()) all.push_back(name);
    return all;
  }
  static std::string text(const std::optional<T>& value) {
    return value ? Format<T>::text(*value) : std::string(kAuto);
  }
  static std::optional<std::optional<T>> read(std::string_view text, const Range& range) {
    using Read = std::optional<std::optional<T>>;
    if (text == kAuto) return Read(std::in_place);
    const auto value = Format<T>::read(text, range);
    return value ? Read(std::in_place, *value) : Read();
  }
};

/// "cpu", "cuda" (the first GPU) or "cuda:N".
template <>
struct Format<engine::Device> {
  static constexpr Kind kKind = Kind::text;
  static Choices choices() { return {"cpu", "cuda", "cuda:N"}; }
  static std::string text(const engine::Device& value);
  static std::optional<engine::Device> read(std::string_view text, const Range&);
};

}  // namespace apps
