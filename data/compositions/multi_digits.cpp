#include "data/compositions/multi_digits.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "data/compositions/digit_source.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/philox.h"

namespace data {
namespace {

using engine::concat;
using engine::Philox;

/// Puts the digits into different cells of a grid, by Floyd's algorithm (Bentley & Floyd 1987): every set of cells is
/// as likely, and so is every digit for a cell, since the digits are drawn independently of each other.
void place_in_grid(Philox& random, std::int64_t canvas, MultiDigits::Scene& scene) {
  const Extent cell = scene.digits[0].extent;
  const auto columns = static_cast<std::uint32_t>(canvas / cell.width);
  const std::uint32_t cells = static_cast<std::uint32_t>(canvas / cell.height) * columns;
  std::array<std::uint32_t, MultiDigits::kMostDigits> taken{};
  for (int i = 0; i < scene.count; ++i) {
    const std::uint32_t last = cells - static_cast<std::uint32_t>(scene.count - i);
    const std::uint32_t drawn = random.below(last + std::uint64_t{1});
    const auto end = taken.begin() + i;
    *end = std::find(taken.begin(), end, drawn) == end ? drawn : last;
    MultiDigits::PlacedDigit& placed = scene.digits[static_cast<std::size_t>(i)];
    placed.y = *end / columns * cell.height;
    placed.x = *end % columns * cell.width;
  }
}

void check(const MultiDigits::Options& options) {
  EXPECTS(options.digits >= 1 && options.digits <= MultiDigits::kMostDigits, "multidigits: expected 1 to ",
          MultiDigits::kMostDigits, " digits per canvas, got digits=", options.digits);
  EXPECTS(options.canvas >= 1 && options.canvas <= MultiDigits::kLargestCanvas,
          "multidigits: expected a canvas of 1 to ", MultiDigits::kLargestCanvas,
          " pixels, got canvas=", options.canvas);
  EXPECTS(options.channels == 1 || options.channels == 3,
          "multidigits: expected 1 or 3 channels, got channels=", options.channels);
  EXPECTS(options.second_size >= 0,
          "multidigits: expected a second size of at least one pixel, or 0 for digits of one ",
          "size, got second_size=", options.second_size);
  if (options.second_size == 0) return;
  EXPECTS(options.first_size >= 1,
          "multidigits: expected a first size of at least one pixel, got first_size=", options.first_size);
  EXPECTS(options.digits == 2, "multidigits: with second_size a canvas has one digit of each of two sizes; expected ",
          "digits=2, got digits=", options.digits);
  EXPECTS(options.placement == MultiDigits::Placement::random,
          "multidigits: a grid has cells of one size; leave second_size out, or place the digits at random");
}

}  // namespace

MultiDigits::MultiDigits(std::shared_ptr<const Source> digits, const Options& options, Role role,
                         std::uint64_t run_seed)
    : digits_(std::move(digits)), options_(options), role_(role), run_seed_(run_seed) {
  check(options);
  const LabelSet digit = digit_labels("multidigits", *digits_);
  for (int i = 0; i < options.digits; ++i) {
    const Extent extent = extent_of(i);
    EXPECTS(std::max(extent.height, extent.width) <= options.canvas, "multidigits: a digit of ", extent.height, " x ",
            extent.width, " pixels does not fit a canvas of ", options.canvas, " x ", options.canvas,
            "; enlarge the canvas");
  }
  if (options.placement == Placement::grid) {
    const Extent cell = extent_of(0);
    const std::int64_t rows = options.canvas / cell.height, columns = options.canvas / cell.width;
    EXPECTS(options.digits <= rows * columns, "multidigits: a grid on a canvas of ", options.canvas, " x ",
            options.canvas, " has ", rows * columns, " cells for digits of ", cell.height, " x ", cell.width,
            " pixels, got digits=", options.digits, "; enlarge the canvas or place the digits at random");
  }

  const bool probe = role != Role::pretrain;
  layout_.channels = options.channels;
  layout_.extent = Extent{options.canvas, options.canvas};
  layout_.labels = {{.name = kDigitLabel, .classes = digit.classes, .per_example = probe ? 1 : options.digits}};
  if (two_sizes()) {
    const auto add = [&](const char* name) { layout_.labels.push_back({.name = name, .classes = digit.classes}); };
    if (!probe || options.probe == Probe::first) add("first_digit");
    if (!probe || options.probe == Probe::second) add("second_digit");
  }
}

Extent MultiDigits::extent_of(int digit) const {
  if (!two_sizes()) return *digits_->layout().extent;
  const std::int64_t side = digit == 0 ? options_.first_size : options_.second_size;
  return {side, side};
}

MultiDigits::Scene MultiDigits::scene(const Visit& visit) const {
  const bool fixed = role_ == Role::probe_test, probe = role_ != Role::pretrain;
  Philox random(fixed ? options_.seed : run_seed_, engine::Purpose::scene, static_cast<std::uint32_t>(role_),
                fixed ? static_cast<std::uint64_t>(visit.example) : visit.fetch);
  const auto place = [&](PlacedDigit& placed) {
    placed.y = random.below(static_cast<std::uint64_t>(options_.canvas - placed.extent.height + 1));
    placed.x = random.below(static_cast<std::uint64_t>(options_.canvas - placed.extent.width + 1));
  };
  Scene scene;
  if (probe) {
    scene.count = 1;
    scene.digits[0] = {.digit = visit.example, .extent = extent_of(options_.probe == Probe::first ? 0 : 1)};
    place(scene.digits[0]);
    return scene;
  }
  scene.count = options_.digits;
  for (int i = 0; i < scene.count; ++i) {
    PlacedDigit& placed = scene.digits[static_cast<std::size_t>(i)];
    placed = {.digit = random.below(static_cast<std::uint64_t>(size())), .extent = extent_of(i)};
    if (options_.placement == Placement::random) place(placed);
  }
  if (options_.placement == Placement::grid) place_in_grid(random, options_.canvas, scene);
  return scene;
}

void MultiDigits::read(const Visit& visit, const DecodeHint& /*hint*/, Example& example) const {
  const Scene scene = this->scene(visit);
  const Canvas canvas{.pixels = example.resize(*layout_.extent, options_.channels),
                      .extent = *layout_.extent,
                      .channels = options_.channels};
  std::memset(canvas.pixels, 0, example.pixels.size());
  example.bits = {};
  example.labels.clear();
  Example& digit = example.scratch();
  for (int i = 0; i < scene.count; ++i) {
    const PlacedDigit& placed = scene.digits[static_cast<std::size_t>(i)];
    // A source that varies shows the digit anew: no two digits of a run have the same fetch.
    const std::uint64_t fetch = visit.fetch * static_cast<std::uint64_t>(scene.count) + static_cast<std::uint64_t>(i);
    digits_->read({.example = placed.digit, .fetch = fetch}, {}, digit);
    blend(sprite_of(digit, placed.extent, canvas.channels), placed.y, placed.x, options_.combine, canvas);
    example.labels.push_back(digit.labels[0]);
  }
  if (!two_sizes()) return;
  for (int i = 0; i < scene.count; ++i) example.labels.push_back(example.labels[static_cast<std::size_t>(i)]);
}

std::optional<std::int32_t> MultiDigits::label(std::int64_t example) const {
  if (role_ == Role::pretrain) return {};
  return digits_->label(example);
}

std::string MultiDigits::caption(const Visit& visit) const {
  const Scene scene = this->scene(visit);
  std::string text;
  for (int i = 0; i < scene.count; ++i) {
    const PlacedDigit& placed = scene.digits[static_cast<std::size_t>(i)];
    text += engine::concat(i == 0 ? "" : "\n", "image ", placed.digit, " at ", placed.y, ",", placed.x);
    if (two_sizes()) text += engine::concat(", ", placed.extent.height, " pixels");
  }
  return text;
}

void MultiDigits::fingerprint(engine::Sha256& hash) const {
  digits_->fingerprint(hash);
  const std::int64_t numbers[] = {static_cast<std::int64_t>(role_),
                                  options_.digits,
                                  static_cast<std::int64_t>(options_.placement),
                                  options_.canvas,
                                  static_cast<std::int64_t>(options_.combine),
                                  two_sizes() ? options_.first_size : 0,
                                  options_.second_size,
                                  static_cast<std::int64_t>(options_.probe),
                                  options_.channels,
                                  static_cast<std::int64_t>(options_.seed)};
  hash.update(std::as_bytes(std::span(numbers)));
}

std::string MultiDigits::describe() const {
  const bool probe = role_ != Role::pretrain;
  std::string digits = probe ? "one digit" : concat(options_.digits, " digits");
  if (two_sizes() && probe) {
    digits += concat(" of ", extent_of(options_.probe == Probe::first ? 0 : 1).height, " pixels");
  } else if (two_sizes()) {
    digits += concat(" of ", options_.first_size, " and ", options_.second_size, " pixels");
  }
  const bool grid = options_.placement == Placement::grid && !probe;
  return concat(digits, " on a canvas of ", options_.canvas, " x ", options_.canvas, ", placed ",
                grid ? "in a grid" : "at random", ", from ", digits_->describe());
}

}  // namespace data
