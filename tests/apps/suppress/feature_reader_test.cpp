#include "apps/suppress/feature_reader.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/train/model.h"
#include "kernels/context.h"

using namespace apps;

namespace {

constexpr char kImages[] = "randbit(digits:, bits=5)", kBlank[] = "randbit(digits:, bits=5, blank=on)";

/// An untrained network for those images, and what it is read with.
struct Bench {
  engine::Context context = kernels::make_context();
  Config config = [] {
    Config small;
    small.data.source = kImages;
    small.model.encoder.arch = models::Architecture::convn;
    small.train.steps = 1;
    return small;
  }();
  Model model = make_model(context, config, *open_data(config.data, data::Role::pretrain, 1));

  FeatureReader reader(const std::string& images, const std::string& planted) const {
    return {context, config, {.images = images, .planted = planted, .most = 40, .crossed = 6}};
  }
};

std::vector<double> centred_cosines(const std::vector<std::vector<double>>& rows) {
  std::vector<double> mean(rows[0].size());
  for (const auto& row : rows)
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += row[j] / static_cast<double>(rows.size());
  std::vector<double> cosines;
  for (const auto& x : rows) {
    for (const auto& y : rows) {
      double xy = 0, xx = 0, yy = 0;
      for (std::size_t j = 0; j < mean.size(); ++j) {
        const double a = x[j] - mean[j], b = y[j] - mean[j];
        xy += a * b;
        xx += a * a;
        yy += b * b;
      }
      cosines.push_back(xy / std::sqrt(xx * yy));
    }
  }
  return cosines;
}

}  // namespace

TEST_CASE("feature reader: label, bits, ranks, and the cosines of images that are shown with the same values") {
  const Bench bench;
  const FeatureReader reader = bench.reader(kImages, "bits");
  const auto observation = reader.read(*bench.model.objective, 7);
  REQUIRE(observation.has_value());
  CHECK(observation->step == 7);
  REQUIRE(observation->readings.size() == 2);
  CHECK(observation->readings[0].name == "label");
  CHECK(observation->readings[1].name == "bits");
  const Reading& bits = observation->readings[1];
  CHECK(bits.accuracy > 0.7);  // random weights pass on constant planes
  CHECK(bits.chance >= 0.5);
  CHECK(bits.all.value() <= bits.accuracy);
  CHECK(reader.left_out().empty());
  CHECK(observation->features.rank > 1);
  CHECK(reader.read(*bench.model.objective, 7) == observation);

  // The same by hand: six test images, each with the bits of the first eight of forty that differ.
  const auto test = open_data(bench.config.data, data::Role::probe_test, 1);
  std::vector<std::int64_t> donors;
  std::set<std::uint64_t> seen;
  for (std::int64_t i = 0; i < 40 && donors.size() < 8; ++i) {
    data::Example example;
    test->read({.example = i * 250}, {}, example);
    if (seen.insert(example.bits[0]).second) donors.push_back(i * 250);
  }
  REQUIRE(donors.size() == 8);
  std::vector<std::vector<double>> rows;
  DeviceBatch batch(bench.context, *test, 1);
  for (std::int64_t image = 0; image < 6; ++image) {
    for (const std::int64_t donor : donors) {
      data::Example example, other;
      test->read({.example = image * 10000 / 6}, {}, example);
      test->read({.example = donor}, {}, other);
      example.bits = other.bits;
      data::HostBatch one(*test, 1);
      one.store(0, {}, example);
      batch.upload(one);
      const auto features =
          bench.model.objective->representation("features")(batch.evaluation_images()).to_host<float>();
      rows.emplace_back(features.begin(), features.end());
    }
  }
  const std::vector<double> cosines = centred_cosines(rows);
  double same_value = 0, same_image = 0;
  for (std::size_t i = 0; i < 48; ++i) {
    for (std::size_t j = 0; j < 48; ++j) {
      const bool image = i / 8 == j / 8, value = i % 8 == j % 8;
      if (value && !image) same_value += cosines[i * 48 + j] / (8 * 6 * 5);
      if (image && !value) same_image += cosines[i * 48 + j] / (6 * 8 * 7);
    }
  }
  CHECK(*observation->features.same_value == doctest::Approx(same_value).epsilon(1e-3));
  CHECK(*observation->features.same_image == doctest::Approx(same_image).epsilon(1e-3));
}

TEST_CASE("feature reader: without the planted feature the labels alone, although the images have its planes") {
  const Bench bench;
  const auto observation = bench.reader(kBlank, "").read(*bench.model.objective, 0);
  REQUIRE(observation.has_value());
  REQUIRE(observation->readings.size() == 1);
  CHECK(observation->readings[0].name == "label");
  CHECK_FALSE(observation->features.same_value.has_value());
  CHECK_FALSE(observation->embeddings.same_image.has_value());
}

TEST_CASE("feature reader: sets of one class, and of several labels per image, are left out with the reason") {
  Bench bench;
  CHECK(bench.reader("randbit(subset(digits:, classes=[3]), bits=5)", "bits").left_out() ==
        std::vector<std::string>{"label: the images that are shown have one class"});
  const FeatureReader reader =
      bench.reader("randbit(multidigits(digits:, digits=1, canvas=56, channels=1), bits=5)", "bits");
  CHECK(reader.left_out().empty());
}
