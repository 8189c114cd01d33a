#include "data/compositions/planted_values.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "data/splitmix.h"
#include "tests/data/ramp_source.h"

using data::PlantedValues;
using data::Role;
using Redraw = data::PlantedValues::Redraw;

namespace {

constexpr std::int64_t kExamples = 100;

/// Value i is 5 for one in ten and else 2.
PlantedValues::Options options(Redraw redraw = Redraw::never) {
  PlantedValues::Options options{.values = {}, .file = "scanner.npy", .redraw = redraw};
  for (int i = 0; i < kExamples; ++i) options.values.push_back(i % 10 == 0 ? 5 : 2);
  return options;
}

PlantedValues planted(const PlantedValues::Options& options, Role role = Role::pretrain, std::uint64_t seed = 1) {
  return {std::make_shared<RampSource>(kExamples), options, role, seed};
}

}  // namespace

TEST_CASE("planted values: a training image has its value, as bits and as a label") {
  for (const Role role : {Role::pretrain, Role::probe_train}) {
    const PlantedValues source = planted(options(), role);
    CHECK(source.size() == kExamples);
    CHECK(source.layout().bit_planes == 3);
    CHECK(source.layout().bit_views == 1);
    CHECK(source.layout().labels ==
          std::vector<data::LabelSet>{{.name = "label", .classes = 4}, {.name = "planted", .classes = 6}});
    CHECK_FALSE(source.varies());
    for (std::int64_t i = 0; i < kExamples; ++i) {
      const data::Example example = tests::read_example(source, i, 12345);
      const std::uint64_t value = i % 10 == 0 ? 5 : 2;
      CHECK(example.pixels[0] == i);
      CHECK(example.bits == std::array{value, value});
      CHECK(example.labels == std::vector<std::int32_t>{static_cast<std::int32_t>(i % 4), static_cast<int>(value)});
      CHECK(source.label(i) == i % 4);
    }
    CHECK(source.describe() == "ramp + one of 6 values of scanner.npy");
  }
}

TEST_CASE("planted values: test images get values as frequent as the file's") {
  const PlantedValues source(std::make_shared<RampSource>(2000), options(), Role::probe_test, 1);
  int rare = 0;
  for (std::int64_t i = 0; i < 2000; ++i) {
    const std::uint64_t value = tests::read_example(source, i, 99).bits[0];
    CHECK(value == (data::splitmix64(static_cast<std::uint64_t>(i)) % 100 % 10 == 0 ? 5 : 2));
    rare += value == 5;
  }
  CHECK(std::abs(rare - 200) < 5 * std::sqrt(200 * 0.9));
}

TEST_CASE("planted values: drawn for every view, two views agree as often as chance has it") {
  const PlantedValues source = planted(options(Redraw::view)),
                      other_run = planted(options(Redraw::view), Role::pretrain, 2);
  CHECK(source.layout().bit_views == 2);
  CHECK(source.varies());
  CHECK(source.describe() == "ramp + one of 6 values of scanner.npy, drawn for every view");
  int same = 0, rare = 0, changed = 0;
  constexpr int kFetches = 5000;
  for (std::uint64_t fetch = 0; fetch < kFetches; ++fetch) {
    const data::Example example = tests::read_example(source, 0, fetch);
    same += example.bits[0] == example.bits[1];
    rare += example.bits[1] == 5;
    changed += example.bits != tests::read_example(other_run, 0, fetch).bits;
    CHECK(example.labels[1] == static_cast<int>(example.bits[0]));
  }
  CHECK(std::abs(same - kFetches * 0.82) < 5 * std::sqrt(kFetches * 0.82 * 0.18));
  CHECK(std::abs(rare - kFetches * 0.1) < 5 * std::sqrt(kFetches * 0.1 * 0.9));
  CHECK(changed > kFetches / 5);
  const PlantedValues per_visit = planted(options(Redraw::visit));
  CHECK(per_visit.layout().bit_views == 1);
  for (std::uint64_t fetch = 0; fetch < 50; ++fetch) {
    const data::Example example = tests::read_example(per_visit, 0, fetch);
    CHECK(example.bits[0] == example.bits[1]);
  }
}

TEST_CASE("planted values: blank planes, and the value of another image") {
  PlantedValues::Options blank = options(Redraw::view);
  blank.blank = true;
  const PlantedValues without = planted(blank);
  CHECK(without.layout().bit_planes == 3);
  CHECK(without.layout().bit_views == 1);
  CHECK_FALSE(without.varies());
  CHECK(tests::read_example(without, 10).bits[0] == 0);
  CHECK(without.describe() == "ramp + one of 6 values of scanner.npy, all blank");
  for (const Redraw redraw : {Redraw::never, Redraw::view}) {
    data::Example example;
    planted(options(redraw)).read({.example = 1, .fetch = 1, .donor = 30}, {}, example);
    CHECK(example.pixels[0] == 1);
    CHECK(example.bits == std::array<std::uint64_t, 2>{5, 5});
  }
}

TEST_CASE("planted values: images without labels are labelled by their value") {
  class Unlabelled final : public tests::DrawnSource {
   public:
    Unlabelled() : DrawnSource(kExamples, {2, 3, 1}, 1, {}) { layout_.labels.clear(); }
    void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
      static_cast<void>(visit), static_cast<void>(hint);
      example.resize(*layout_.extent, layout_.channels);
      example.labels.clear();
    }
  };
  const auto images = std::make_shared<Unlabelled>();
  CHECK(PlantedValues(images, options(), Role::pretrain, 1).label(20) == 5);
  CHECK_FALSE(PlantedValues(images, options(Redraw::visit), Role::pretrain, 1).label(20).has_value());
}

TEST_CASE("planted values: the fingerprint tells the values apart") {
  PlantedValues::Options other = options();
  other.values[3] = 5;
  CHECK(fingerprint(planted(options())) == fingerprint(planted(options())));
  CHECK(fingerprint(planted(options())) != fingerprint(planted(other)));
}

TEST_CASE("planted values: refuses what it cannot plant, in a sentence each") {
  PlantedValues::Options few = options();
  few.values.pop_back();
  CHECK_THROWS_WITH_AS(planted(few),
                       "planted: scanner.npy holds 99 values, and there are 100 training images in ramp; expected one "
                       "for each",
                       engine::DataError);
  CHECK_NOTHROW(planted(few, Role::probe_test));
  PlantedValues::Options same = options();
  std::fill(same.values.begin(), same.values.end(), 7);
  CHECK_THROWS_WITH_AS(planted(same),
                       "planted: all values in scanner.npy are the same; a feature that tells no images apart cannot "
                       "be learnt",
                       engine::DataError);
  const auto bits =
      std::make_shared<data::RandBits>(std::make_shared<RampSource>(kExamples), data::RandBits::Options{.bits = 3});
  CHECK_THROWS_WITH_AS(PlantedValues(bits, options(), Role::pretrain, 1),
                       "planted: ramp + 3 random bits per image has 3 bit planes already; plant values in a source "
                       "without bits",
                       engine::Error);
}
