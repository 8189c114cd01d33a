#pragma once
#include <vector>

#include "data/source.h"
#include "data/sources/trifeature_masks.h"
#include "kernels/runtime/names.h"

namespace data {

/// Drawn images with three features that vary independently: a shape of one of ten kinds, filled with one of ten
/// textures in one of ten colours, on grey ("Trifeature": Hermann & Lampinen 2020, "What shapes feature
/// representations?"). The shape's side is 4/7 of the image's, as 128 pixels of 224. It lies anywhere in the image, and
/// shape and texture are each turned by up to 45 degrees. Between the lines of a texture the grey shows.
///
/// Example i shows combination i mod 1000: shape i mod 10, colour i / 10 mod 10, texture i / 100 mod 10. Place, angles
/// and the offset of the texture are drawn anew at every visit of a training image; test images never change.
///
/// Two features can be made to predict each other in pretraining, each example then having the same combination at
/// every visit: the second feature has the class number of the first with probability `correlation` (0.1: no relation),
/// and each other class number as likely as the others. Probes always see independent features: only then do they show
/// which of two features the network represents.
///
/// Label sets: "shape", "colour", "texture".
class Trifeature final : public Source {
 public:
  static constexpr int kClasses = 10, kCombinations = kClasses * kClasses * kClasses;

  enum class Pair { none, shape_colour, shape_texture, colour_texture };

  struct Options {
    std::int64_t size = 224;     ///< side of the images in pixels, 16 to 512
    std::int64_t train = 100;    ///< training images per combination
    std::int64_t test = 10;      ///< test images per combination
    double texture_period = 10;  ///< in pixels, 4 to 32
    Pair correlate = Pair::none;
    double correlation = 1;
    std::uint64_t seed = 0;  ///< of the test images and of the correlated features, which are the same for every run
    bool operator==(const Options&) const = default;
  };

  /// What an image shows. Places are in pixels from its top left, angles in radians clockwise.
  struct Drawing {
    int shape = 0, colour = 0, texture = 0;
    double y = 0, x = 0;  ///< centre of the shape
    double shape_angle = 0, texture_angle = 0;
    double texture_y = 0, texture_x = 0;  ///< offset, as a fraction of what the texture repeats after
  };

  /// `run_seed` is the seed of what changes from visit to visit. Throws engine::Error for options out of range.
  Trifeature(const Options& options, Role role, std::uint64_t run_seed);

  Drawing drawing(const Visit& visit) const;

  std::int64_t size() const override;
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override { return features(example).shape; }
  bool varies() const override { return role_ != Role::probe_test; }
  std::string caption(const Visit& visit) const override;
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  Drawing features(std::int64_t example) const;
  double side() const { return static_cast<double>(options_.size) * 4 / 7; }

  Options options_;
  Role role_;
  std::uint64_t run_seed_;
  InputLayout layout_;
  std::vector<ShapeMask> shapes_;
  std::vector<Mask> textures_;
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::Trifeature::Pair> = {"none", "shape-colour", "shape-texture",
                                                                      "colour-texture"};
