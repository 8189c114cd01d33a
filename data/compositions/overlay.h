#pragma once
#include <array>
#include <memory>

#include "data/compositions/sprite.h"
#include "data/source.h"

namespace data {

/// A digit over every image, nine times: a feature that is easy to learn and competes with what the image shows
/// ("DigitOnImageNet", Chen, Luo & Li 2021, section 4). The top left pixels of the nine digits are at 0.15, 0.45 and
/// 0.75 of the height and of the width, rounded down.
///
/// Training images get one of the first `unique` digits of the source of digits. It belongs to the image (a random
/// number of the seed and the image's index), is drawn anew at every visit, or for every view, whose images then differ
/// in their digit and share nothing of it (the control). Probes are trained on what the network was trained on, unless
/// `probe_unique` says otherwise: an encoder that saw few digits may tell many apart. Test images get one of all digits
/// of the source, which always belongs to the image.
///
/// Label sets: those of the images, then "digit", the class of the digit (of the first view's).
class Overlay final : public Source {
 public:
  static constexpr int kPlaces = 3;  ///< in each direction

  struct Options {
    std::int64_t unique = 0;        ///< number of digits that training images show; 0: all of the source
    std::int64_t probe_unique = 0;  ///< the same for the images that probes are trained on; 0: as `unique`
    bool fixed = true;              ///< the digit belongs to the image; otherwise it is drawn at every visit
    bool per_view = false;          ///< with `fixed` off: for every view
    Combine combine = Combine::max;
    /// Side of a digit: below 1 a fraction of the image's shorter side (0.125: 28 pixels of 224), otherwise pixels.
    double digit_size = 0.125;
    std::uint64_t seed = 0;  ///< of the digits that belong to their images, which are the same for every run
    bool operator==(const Options&) const = default;
  };

  /// Where the digits are in an image.
  struct Places {
    std::array<std::int64_t, kPlaces> y, x;  ///< of the top left pixels; every y with every x
    std::int64_t side = 0;                   ///< of a digit
  };

  /// `run_seed` is the seed of the digits that change from visit to visit. Throws engine::Error for options out of
  /// range, and engine::DataError if the sources do not fit.
  Overlay(std::shared_ptr<const Source> images, std::shared_ptr<const Source> digits, const Options& options, Role role,
          std::uint64_t run_seed);

  /// The index of the digit that a view of an image shows.
  std::int64_t digit(const Visit& visit, int view = 0) const;
  /// Throws engine::DataError for an image that is too small.
  Places places(const Extent& image) const;

  std::int64_t size() const override { return images_->size(); }
  const InputLayout& layout() const override { return layout_; }
  void read(const Visit& visit, const DecodeHint& hint, Example& example) const override;
  std::optional<std::int32_t> label(std::int64_t example) const override;
  bool varies() const override { return images_->varies() || digits_->varies() || !is_fixed(); }
  std::string caption(const Visit& visit) const override;
  std::string file_name(std::int64_t example) const override { return images_->file_name(example); }
  void fingerprint(engine::Sha256& hash) const override;
  std::string describe() const override;

 private:
  /// Draws a digit over the image in `pixels`.
  void draw(Example& digit, const Places& places, const Extent& extent, std::vector<std::uint8_t>& pixels) const;
  bool is_fixed() const { return options_.fixed || role_ == Role::probe_test; }

  std::shared_ptr<const Source> images_, digits_;
  Options options_;
  Role role_;
  std::uint64_t run_seed_;
  std::int64_t unique_;  // digits that the images of this role show
  InputLayout layout_;
};

}  // namespace data
