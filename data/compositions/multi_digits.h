#pragma once
#include <array>
#include <memory>

#include "data/compositions/sprite.h"
#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// Several digits on a black canvas: features that compete although all are of one kind ("MultiDigits", Chen, Luo & Li
/// 2021, section 4). For pretraining, the digits of a canvas are drawn independently and uniformly from a source of
/// grey images, at every visit anew; an epoch has as many canvases as the source has digits. Probes see one digit per
/// canvas: every digit of the source once per epoch, at a random place, which is drawn anew at every visit of a
/// training canvas and never changes for a test canvas.
///
/// Two digits of different sizes: with `second_size`, a canvas for pretraining has one digit of `first_size` and one of
/// `second_size`, and probes see digits of the size that `probe` names.
///
/// Label sets: "digit", of the source's classes, has all digits of a canvas, in the order of drawing. With two sizes,
/// "first_digit" and "second_digit" have one each; probes have only the one that they see.
class MultiDigits final : public Source {
 public:
  static constexpr int kMostDigits = 16;
  static constexpr std::int64_t kLargestCanvas = 4096;

  enum class Placement {
    random,  ///< anywhere on the canvas; digits may overlap
    grid,    ///< in different cells of a grid, as large as a digit (4 x 4 at the default canvas); probes: anywhere
  };
  enum class Probe { first, second };

  struct Options {
    int digits = 2;  ///< per canvas, 1 to 16
    Placement placement = Placement::random;
    std::int64_t canvas = 112;  ///< side in pixels
    Combine combine = Combine::max;
    std::int64_t first_size = 20;  ///< side of the first digit in pixels, if there are two sizes
    std::int64_t second_size = 0;  ///< side of the second digit; 0: all digits are as large as in their source
    Probe probe = Probe::first;    ///< which of two sizes probes see
    int channels = 3;              ///< 1, or 3 equal ones
    std::uint64_t seed = 0;        ///< of the places on the test canvases, which are the same for every run
    bool operator==(const Options&) const = default;
  };

  struct PlacedDigit {
    std::int64_t digit = 0;     ///< index in the source of digits
    std::int64_t y = 0, x = 0;  ///< of its top left pixel
    Extent extent;
  };
  /// Which digits are where on a canvas, the first at the bottom.
  struct Scene {
    int count = 0;
    std::array<PlacedDigit, kMostDigits> digits;
  };

  /// `run_seed` is the seed of the canvases that change from visit to visit. Throws engine::Error for options out of
  /// range, and engine::DataError if the source does not hold grey images of one size with one label each.
  MultiDigits(std::shared_ptr<const Source> digits, const Options& options, Role role, std::uint64_t run_seed);

  Scene scene(const Visit& visit) const;

  std::int64_t size() const override { return digits_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  /// None in pretraining, where the digits of a canvas are drawn at every visit.
  std::optional<std::int32_t> label(std::int64_t example) const override;
  bool varies() const override { return role_ != Role::probe_test; }
  std::string caption(const Visit& visit) const override;
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  bool two_sizes() const { return options_.second_size > 0; }
  Extent extent_of(int digit) const;

  std::shared_ptr<const Source> digits_;
  Options options_;
  Role role_;
  std::uint64_t run_seed_;
  InputLayout layout_;
};

}  // namespace data

template <>
inline constexpr std::array engine::kNames<data::MultiDigits::Placement> = {"random", "grid"};
template <>
inline constexpr std::array engine::kNames<data::MultiDigits::Probe> = {"first", "second"};
