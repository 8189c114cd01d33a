#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace models {

/// The constants of (x - mean) / std, for images x in [0,1]: one number for all channels, or one per channel. Without
/// any, images stay as they are.
struct Normalization {
  std::vector<double> mean, std;  ///< of equal length

  /// Those of ImageNet, with which torchvision's and timm's ResNets are trained.
  static Normalization imagenet() { return {.mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}}; }

  /// Accepted texts: two names, or numbers such as "0.5/0.25" or "0.5,0.5,0.4/0.25,0.25,0.2".
  static constexpr std::array<std::string_view, 3> kChoices = {"none", "imagenet", "MEAN/STD"};
  static std::optional<Normalization> parse(std::string_view text);
  std::string text() const;
  /// Numbers with commas between, as in files' metadata; nothing for a mean that is 0 and a std that is 1.
  static std::optional<Normalization> parse(std::string_view mean, std::string_view std);
  std::string mean_text() const;
  std::string std_text() const;

  explicit operator bool() const { return !mean.empty(); }
  bool operator==(const Normalization&) const = default;
};

}  // namespace models
