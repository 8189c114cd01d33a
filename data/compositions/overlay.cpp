#include "data/compositions/overlay.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "data/compositions/digit_source.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {
namespace {

using engine::concat;
using engine::DataError;

constexpr double kPlaceFractions[Overlay::kPlaces] = {0.15, 0.45, 0.75};
// Sub-indices of draws, beside the roles.
constexpr std::uint32_t kOfTheImage = 3, kOfTheSecondView = 4;

void check(const Overlay::Options& options) {
  EXPECTS(options.unique >= 0 && options.probe_unique >= 0,
          "overlay: expected a number of unique digits of at least 1, ", "or 0 for all, got unique=", options.unique,
          " and probe_unique=", options.probe_unique);
  EXPECTS(options.digit_size > 0 && (options.digit_size < 1 || options.digit_size == std::floor(options.digit_size)),
          "overlay: expected a digit size below 1, as a fraction of the image, or a number of whole pixels, got "
          "digit_size=",
          options.digit_size);
  EXPECTS(!options.per_view || !options.fixed,
          "overlay: digits that are drawn for every view belong to no image: give fixed=off with per_view=on");
}

std::int64_t unique_digits(const Overlay::Options& options, Role role, const Source& digits) {
  if (role == Role::probe_test) return digits.size();
  const bool probe = role == Role::probe_train && options.probe_unique > 0;
  const std::int64_t unique = probe ? options.probe_unique : options.unique;
  if (unique > digits.size()) {
    throw DataError(concat("overlay: ", probe ? "probe_unique=" : "unique=", unique, " asks for more digits than the ",
                           digits.size(), " of ", digits.describe()));
  }
  return unique > 0 ? unique : digits.size();
}

}  // namespace

Overlay::Overlay(std::shared_ptr<const Source> images, std::shared_ptr<const Source> digits, const Options& options,
                 Role role, std::uint64_t run_seed)
    : images_(std::move(images)), digits_(std::move(digits)), options_(options), role_(role), run_seed_(run_seed) {
  check(options);
  const LabelSet digit = digit_labels("overlay", *digits_);
  unique_ = unique_digits(options, role, *digits_);
  layout_ = images_->layout();
  EXPECTS(layout_.image_views == 1, "overlay: ", images_->describe(),
          " has an image for each view; lay digits over what it is made of");
  if (options.per_view && !is_fixed()) layout_.image_views = Example::kMostViews;
  if (layout_.extent) static_cast<void>(places(*layout_.extent));
  for (const LabelSet& set : layout_.labels) {
    if (set.name == kDigitLabel) {
      throw DataError(concat("overlay: ", images_->describe(), " has labels called ", kDigitLabel,
                             " already; lay digits over images without digits"));
    }
  }
  layout_.labels.push_back({.name = kDigitLabel, .classes = digit.classes});
}

std::int64_t Overlay::digit(const Visit& visit, int view) const {
  const bool fixed = is_fixed() || visit.donor >= 0;
  const std::uint32_t drawn = static_cast<std::uint32_t>(role_) + (view > 0 ? kOfTheSecondView : 0);
  engine::Philox random(fixed ? options_.seed : run_seed_, engine::Purpose::overlay, fixed ? kOfTheImage : drawn,
                        fixed ? static_cast<std::uint64_t>(visit.planted()) : visit.fetch);
  return random.below(static_cast<std::uint64_t>(unique_));
}

Overlay::Places Overlay::places(const Extent& image) const {
  const double size = options_.digit_size;
  Places places;
  places.side = std::lround(size < 1 ? size * static_cast<double>(std::min(image.height, image.width)) : size);
  for (std::size_t i = 0; i < kPlaces; ++i) {
    places.y[i] = static_cast<std::int64_t>(static_cast<double>(image.height) * kPlaceFractions[i]);
    places.x[i] = static_cast<std::int64_t>(static_cast<double>(image.width) * kPlaceFractions[i]);
  }
  if (places.side < 1 || places.y.back() + places.side > image.height || places.x.back() + places.side > image.width) {
    throw DataError(concat("overlay: digits of ", places.side, " pixels do not fit at the nine places of an image of ",
                           image.height, " x ", image.width, " of ", images_->describe(),
                           "; change digit_size or use larger images"));
  }
  return places;
}

void Overlay::read(const Visit& visit, const DecodeHint& hint, Example& example) const {
  // Digits of a number of pixels are for the image as it is, not as it was decoded for the views.
  images_->read(visit.beneath(), options_.digit_size < 1 ? hint : DecodeHint{}, example);
  const Places places = this->places(example.extent);
  const auto read_digit = [&](int view) -> Example& {
    Example& digit = example.scratch();
    digits_->read({.example = this->digit(visit, view), .fetch = visit.fetch}, {}, digit);
    return digit;
  };
  if (layout_.image_views > 1) {
    example.second = example.pixels;
    draw(read_digit(1), places, example.extent, example.second);
  }
  Example& digit = read_digit(0);
  example.labels.push_back(digit.labels[0]);
  draw(digit, places, example.extent, example.pixels);
}

void Overlay::draw(Example& digit, const Places& places, const Extent& extent,
                   std::vector<std::uint8_t>& pixels) const {
  const Sprite sprite = sprite_of(digit, {places.side, places.side}, layout_.channels);
  const Canvas canvas{.pixels = pixels.data(), .extent = extent, .channels = layout_.channels};
  for (const std::int64_t y : places.y) {
    for (const std::int64_t x : places.x) blend(sprite, y, x, options_.combine, canvas);
  }
}

std::optional<std::int32_t> Overlay::label(std::int64_t example) const {
  if (layout_.labels.size() > 1) return images_->label(example);
  if (!is_fixed()) return {};
  return digits_->label(digit({.example = example, .fetch = 0}));
}

std::string Overlay::caption(const Visit& visit) const {
  const std::string images = images_->caption(visit.beneath());
  const std::string second = layout_.image_views > 1 ? concat(" and ", digit(visit, 1)) : "";
  return concat(images, images.empty() ? "" : "\n", "digit of image ", digit(visit), second);
}

void Overlay::fingerprint(engine::Sha256& hash) const {
  images_->fingerprint(hash);
  digits_->fingerprint(hash);
  const std::int64_t numbers[] = {static_cast<std::int64_t>(role_),
                                  unique_,
                                  is_fixed(),
                                  static_cast<std::int64_t>(options_.combine),
                                  std::bit_cast<std::int64_t>(options_.digit_size),
                                  static_cast<std::int64_t>(options_.seed)};
  hash.update(std::as_bytes(std::span(numbers)));
  // Nothing without it, so that runs of before keep their fingerprint.
  if (layout_.image_views > 1) hash.update(std::as_bytes(std::span("per view", 8)));
}

std::string Overlay::describe() const {
  return concat(images_->describe(), " under one of ", unique_,
                is_fixed()                ? " digits"
                : layout_.image_views > 1 ? " digits, drawn for every view,"
                                          : " digits, drawn at every visit,",
                " from ", digits_->describe());
}

}  // namespace data
