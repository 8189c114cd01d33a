// Compares canvases with those that tools/golden/scenes.py draws by the same rules, written there again.
#include <doctest/doctest.h>
#include <zlib.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "data/compositions/multi_digits.h"
#include "data/compositions/overlay.h"
#include "tests/data/compositions/disc_digits.h"

using data::Combine;
using data::Example;
using data::MultiDigits;
using data::Overlay;
using data::Role;

namespace {

/// The lines of the fixture that begin with `kind`, without that word.
std::vector<std::istringstream> lines(const std::string& kind) {
  std::ifstream file(SCENES_FILE);
  REQUIRE(file.good());
  std::vector<std::istringstream> found;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(kind + " ")) found.emplace_back(line.substr(kind.size() + 1));
  REQUIRE_FALSE(found.empty());
  return found;
}

MultiDigits::Placement placement_of(const std::string& name) {
  return name == "grid" ? MultiDigits::Placement::grid : MultiDigits::Placement::random;
}
Combine combine_of(const std::string& name) { return name == "sum" ? Combine::sum : Combine::max; }

unsigned long checksum(const Example& example) {
  const auto* labels = reinterpret_cast<const Bytef*>(example.labels.data());
  const unsigned long pixels = crc32(0, example.pixels.data(), static_cast<uInt>(example.pixels.size()));
  return crc32(pixels, labels, static_cast<uInt>(example.labels.size() * sizeof(std::int32_t)));
}

constexpr std::uint64_t kRunSeed = 7, kSeed = 5;  // of tools/golden/scenes.py

/// The share of digits whose square overlaps another's.
double overlapped(const MultiDigits::Scene& scene) {
  int overlapping = 0;
  for (int i = 0; i < scene.count; ++i) {
    const auto& a = scene.digits[static_cast<std::size_t>(i)];
    bool any = false;
    for (int j = 0; j < scene.count; ++j) {
      const auto& b = scene.digits[static_cast<std::size_t>(j)];
      any = any || (i != j && std::abs(a.y - b.y) < 28 && std::abs(a.x - b.x) < 28);
    }
    overlapping += any;
  }
  return static_cast<double>(overlapping) / scene.count;
}

double ink(const MultiDigits& source, std::int64_t i, Example& example) {
  source.read({.example = i, .fetch = static_cast<std::uint64_t>(i)}, {}, example);
  double sum = 0;
  for (std::size_t pixel = 0; pixel < example.pixels.size(); ++pixel) sum += example.pixels[pixel];
  return sum / 255;
}

/// The sum of squared deviations from `expected`, relative to it: chi-square if the counts are of independent draws.
double chi_square(const std::map<std::int64_t, int>& counts, double expected, std::int64_t values) {
  double sum = static_cast<double>(values - static_cast<std::int64_t>(counts.size())) * expected;
  for (const auto& [value, count] : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

/// Five standard deviations above the mean of chi-square.
double bound_of(std::int64_t values) {
  const auto freedom = static_cast<double>(values - 1);
  return freedom + 5 * std::sqrt(2 * freedom);
}

}  // namespace

TEST_CASE("scenes: canvases and their labels are those of an independent program, byte for byte") {
  Example example;
  for (std::istringstream& line : lines("canvas")) {
    std::string placement, combine;
    int digits = 0;
    std::uint64_t fetch = 0;
    unsigned long expected = 0;
    REQUIRE((line >> placement >> digits >> combine >> fetch >> expected));
    const MultiDigits source(std::make_shared<DiscDigits>(),
                             {.digits = digits, .placement = placement_of(placement), .combine = combine_of(combine)},
                             Role::pretrain, kRunSeed);
    source.read({.example = 1, .fetch = fetch}, {}, example);
    CHECK_MESSAGE(checksum(example) == expected, line.str());
  }
  for (std::istringstream& line : lines("probe")) {
    std::string role;
    data::Visit visit;
    unsigned long expected = 0;
    REQUIRE((line >> role >> visit.example >> visit.fetch >> expected));
    const MultiDigits source(std::make_shared<DiscDigits>(), {.digits = 8, .seed = kSeed},
                             role == "probe_test" ? Role::probe_test : Role::probe_train, kRunSeed);
    source.read(visit, {}, example);
    CHECK_MESSAGE(checksum(example) == expected, line.str());
  }
}

TEST_CASE("scenes: images with digits and their labels are those of an independent program, byte for byte") {
  Example example;
  for (std::istringstream& line : lines("overlay")) {
    bool fixed = false;
    std::string combine;
    data::Visit visit;
    unsigned long expected = 0;
    REQUIRE((line >> fixed >> combine >> visit.example >> visit.fetch >> expected));
    const Overlay source(std::make_shared<RampImages>(data::Extent{224, 240}), std::make_shared<DiscDigits>(),
                         {.unique = 16, .fixed = fixed, .combine = combine_of(combine), .seed = kSeed}, Role::pretrain,
                         kRunSeed);
    source.read(visit, {}, example);
    CHECK_MESSAGE(checksum(example) == expected, line.str());
  }
}

TEST_CASE("scenes: overlaps and ink are as often and as much as with another program's random numbers") {
  constexpr int kCanvases = 2000;
  Example example;
  for (std::istringstream& line : lines("statistic")) {
    std::string placement, name;
    int digits = 0;
    double canvases = 0, expected = 0, deviation = 0;
    REQUIRE((line >> placement >> digits >> name >> canvases >> expected >> deviation));
    const MultiDigits source(std::make_shared<DiscDigits>(),
                             {.digits = digits,
                              .placement = placement_of(placement),
                              .combine = name == "ink_sum" ? Combine::sum : Combine::max,
                              .channels = 1},
                             Role::pretrain, 3);
    double sum = 0;
    for (std::int64_t i = 0; i < kCanvases; ++i) {
      sum += name == "overlapped" ? overlapped(source.scene({.example = i, .fetch = static_cast<std::uint64_t>(i)}))
                                  : ink(source, i, example);
    }
    const double error = deviation * std::sqrt(1.0 / kCanvases + 1 / canvases);
    CHECK_MESSAGE(std::abs(sum / kCanvases - expected) <= 5 * error, line.str(), ", here ", sum / kCanvases);
  }
}

TEST_CASE("scenes: digits, places and labels are uniform") {
  constexpr int kCanvases = 5000;
  for (const int digits : {1, 2, 16}) {
    const MultiDigits random(std::make_shared<DiscDigits>(), {.digits = digits}, Role::pretrain, 4);
    const MultiDigits grid(std::make_shared<DiscDigits>(),
                           {.digits = digits, .placement = MultiDigits::Placement::grid}, Role::pretrain, 4);
    std::map<std::int64_t, int> which, y, x, cells, labels;
    for (std::uint64_t fetch = 0; fetch < kCanvases; ++fetch) {
      const MultiDigits::Scene scene = random.scene({.example = 0, .fetch = fetch});
      const MultiDigits::Scene in_grid = grid.scene({.example = 0, .fetch = fetch});
      for (std::size_t k = 0; k < static_cast<std::size_t>(digits); ++k) {
        ++which[scene.digits[k].digit];
        ++labels[scene.digits[k].digit % 10];
        ++y[scene.digits[k].y];
        ++x[scene.digits[k].x];
        ++cells[in_grid.digits[k].y / 28 * 4 + in_grid.digits[k].x / 28];
      }
    }
    const double draws = kCanvases * digits;
    CHECK(chi_square(which, draws / 1000, 1000) < bound_of(1000));
    CHECK(chi_square(labels, draws / 10, 10) < bound_of(10));
    CHECK(chi_square(y, draws / 85, 85) < bound_of(85));
    CHECK(chi_square(x, draws / 85, 85) < bound_of(85));
    CHECK(chi_square(cells, draws / 16, 16) < bound_of(16));  // 0 for 16 digits, which fill the grid
  }
}
