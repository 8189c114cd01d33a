#include "models/normalization.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace models {
namespace {

/// Returns nothing for any text but finite numbers with commas between.
std::optional<std::vector<double>> numbers(std::string_view text) {
  std::vector<double> values;
  while (true) {
    double value = 0;
    const std::string_view first = text.substr(0, text.find(','));
    const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), value);
    if (error != std::errc() || end != first.data() + first.size() || !std::isfinite(value)) return std::nullopt;
    values.push_back(value);
    if (first.size() == text.size()) return values;
    text.remove_prefix(first.size() + 1);
  }
}

std::string text_of(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    char digits[32];
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
    text.append(text.empty() ? "" : ",").append(std::begin(digits), end);
  }
  return text;
}

}  // namespace

std::optional<Normalization> Normalization::parse(std::string_view mean, std::string_view std) {
  constexpr double kSmallest = 1e-6, kLargest = 1e6;
  const auto means = numbers(mean), deviations = numbers(std);
  const auto in_range = [](double value) { return value >= kSmallest && value <= kLargest; };
  if (!means || !deviations || means->size() != deviations->size()) return std::nullopt;
  if (!std::all_of(deviations->begin(), deviations->end(), in_range)) return std::nullopt;
  if (std::any_of(means->begin(), means->end(), [](double value) { return std::abs(value) > kLargest; }))
    return std::nullopt;
  const auto all = [](const std::vector<double>& values, double wanted) {
    return std::all_of(values.begin(), values.end(), [wanted](double value) { return value == wanted; });
  };
  if (all(*means, 0) && all(*deviations, 1)) return Normalization{};
  return Normalization{.mean = *means, .std = *deviations};
}

std::optional<Normalization> Normalization::parse(std::string_view text) {
  if (text == "none") return Normalization{};
  if (text == "imagenet") return imagenet();
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  return parse(text.substr(0, slash), text.substr(slash + 1));
}

std::string Normalization::text() const {
  if (!*this) return "none";
  if (*this == imagenet()) return "imagenet";
  return mean_text() + "/" + std_text();
}

std::string Normalization::mean_text() const { return *this ? text_of(mean) : "0"; }
std::string Normalization::std_text() const { return *this ? text_of(std) : "1"; }

}  // namespace models
