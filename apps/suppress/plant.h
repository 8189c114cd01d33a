#pragma once
#include <cstdint>
#include <string>

namespace apps {

/// What the images of an arm show of the planted feature.
enum class Showing {
  nothing,  ///< the network is the same, without the feature
  shared,   ///< it belongs to the image, so that its views share it
  redrawn,  ///< it is drawn for every view: the same pictures, and nothing to share
};

/// The feature that is planted in the images.
class Plant {
 public:
  /// Reads the value of --plant: "bits=12", "digit", "digit=SOURCE" or "FILE.npy". Throws UsageError.
  static Plant parse(const std::string& text);

  /// The expression for `images`, itself one, with the feature.
  std::string source(const std::string& images, Showing showing) const;

  const std::string& text() const { return text_; }
  /// A name for directories: "bits12", "digit", "scanner".
  std::string file_name() const;
  /// The label set that has the feature's values.
  std::string label_set() const;
  /// "the planted 12 bits"
  std::string words() const;
  /// Whether words() is plural.
  bool many() const { return kind_ == Kind::values || (kind_ == Kind::bits && of_ != "1"); }
  /// Whether it is bits beside the pixels, which no source can have twice.
  bool has_planes() const { return kind_ != Kind::digit; }

 private:
  enum class Kind { bits, digit, values };
  Kind kind_ = Kind::bits;
  std::string text_, of_;  // as given; what follows the equals sign, or the file
};

/// A source as a part of another one: a path that is the whole text gets quotes, in case it needs them there.
std::string nested(const std::string& images);

}  // namespace apps
