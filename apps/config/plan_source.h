#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace apps {

/// What chooses among algorithms that round differently: see Plans.
struct PlanSource {
  enum class Kind { timed, off, file };
  Kind kind = Kind::timed;
  std::string file = {};  ///< with Kind::file: the plans.json of another run

  static constexpr std::array<std::string_view, 3> kChoices = {"timed", "off", "FILE"};
  /// Returns nothing for an empty text. A text other than "timed" and "off" is a file name.
  static std::optional<PlanSource> parse(std::string_view text) {
    if (text.empty()) return std::nullopt;
    if (text == "timed") return PlanSource{};
    if (text == "off") return PlanSource{.kind = Kind::off};
    return PlanSource{.kind = Kind::file, .file = std::string(text)};
  }
  std::string text() const {
    switch (kind) {
      case Kind::timed: return "timed";
      case Kind::off: return "off";
      case Kind::file: break;
    }
    return file;
  }
  bool operator==(const PlanSource&) const = default;
};

}  // namespace apps
