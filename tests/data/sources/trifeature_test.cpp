#include "data/sources/trifeature.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "kernels/runtime/error.h"

using data::Example;
using data::Role;
using data::Trifeature;
using Options = data::Trifeature::Options;
using Pair = data::Trifeature::Pair;

namespace {

data::Visit first_visit(std::int64_t example) {
  return {.example = example, .fetch = static_cast<std::uint64_t>(example)};
}

std::array<int, 3> pixel(const Example& example, std::int64_t y, std::int64_t x) {
  const std::uint8_t* at = example.pixels.data() + (y * example.extent.width + x) * 3;
  return {at[0], at[1], at[2]};
}

}  // namespace

TEST_CASE("trifeature: every combination of shape, colour and texture as often, told by its labels") {
  const Trifeature train({.size = 32}, Role::pretrain, 1), test({.size = 32, .test = 3}, Role::probe_test, 1);
  CHECK(train.size() == 100000);
  CHECK(test.size() == 3000);
  CHECK(train.layout().channels == 3);
  CHECK(train.layout().extent == data::Extent{32, 32});
  CHECK(train.layout().labels == std::vector<data::LabelSet>{{.name = "shape", .classes = 10},
                                                             {.name = "colour", .classes = 10},
                                                             {.name = "texture", .classes = 10}});
  std::set<std::vector<std::int32_t>> seen;
  Example example;
  for (std::int64_t i = 1000; i < 2000; ++i) {
    test.read(first_visit(i), {}, example);
    CHECK(test.label(i) == example.labels[0]);
    seen.insert(example.labels);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("trifeature: a solid shape has its colour and area, turned and anywhere in the image") {
  const Trifeature source({.size = 128}, Role::pretrain, 1);
  Example example;
  double least_y = 128, most_y = 0, least_angle = 1, most_angle = -1;
  for (std::uint64_t visit = 0; visit < 300; ++visit) {
    const data::Visit square{.example = 1 + 10 * 2, .fetch = visit};  // a solid blue square
    source.read(square, {}, example);
    const Trifeature::Drawing drawing = source.drawing(square);
    CHECK(example.labels == std::vector<std::int32_t>{1, 2, 0});
    least_y = std::min(least_y, drawing.y);
    most_y = std::max(most_y, drawing.y);
    least_angle = std::min(least_angle, drawing.shape_angle);
    most_angle = std::max(most_angle, drawing.shape_angle);
    const auto y = static_cast<std::int64_t>(drawing.y), x = static_cast<std::int64_t>(drawing.x);
    CHECK(pixel(example, y, x) == std::array{0, 0, 255});
    double blue = 0;
    for (std::size_t i = 0; i < example.pixels.size(); i += 3) blue += (example.pixels[i + 2] - 128) / 127.0;
    const double side = 128 * 4 / 7.0;
    CHECK(blue == doctest::Approx(side * side).epsilon(0.01));  // nothing is cut off at the edge of the image
  }
  CHECK(least_y < 45);
  CHECK(most_y > 83);
  CHECK(least_angle < -0.7);
  CHECK(most_angle > 0.7);
  CHECK(std::max(-least_angle, most_angle) <= M_PI / 4);
}

TEST_CASE("trifeature: shapes turn clockwise by their angle, about the place that the drawing says") {
  const Trifeature source({.size = 224}, Role::pretrain, 1);
  Example example;
  for (std::uint64_t visit = 0; visit < 50; ++visit) {
    const data::Visit triangle{.example = 0, .fetch = visit};  // solid, red
    source.read(triangle, {}, example);
    const Trifeature::Drawing drawing = source.drawing(triangle);
    const auto at = [&](double up, double right) {  // from the centre, before it is turned
      const double c = std::cos(drawing.shape_angle), s = std::sin(drawing.shape_angle);
      return pixel(example, static_cast<std::int64_t>(drawing.y - up * c + right * s),
                   static_cast<std::int64_t>(drawing.x + up * s + right * c));
    };
    const std::array red{255, 0, 0}, grey{128, 128, 128};
    CHECK(at(55, 0) == red);
    CHECK(at(55, 20) == grey);
    CHECK(at(55, -20) == grey);
    CHECK(at(-60, 50) == red);
    CHECK(at(-60, -50) == red);
  }
}

TEST_CASE("trifeature: textures keep the ink that they promise, and show grey between it") {
  const Trifeature source({.size = 224}, Role::pretrain, 1);
  Example example;
  for (std::int64_t texture = 0; texture < 10; ++texture) {
    double ink = 0;
    bool from_grey_to_red = true;
    for (std::uint64_t visit = 0; visit < 20; ++visit) {
      source.read({.example = 1 + 100 * texture, .fetch = visit}, {}, example);  // a red square
      for (std::size_t i = 0; i < example.pixels.size(); i += 3) {
        ink += (example.pixels[i] - 128) / 127.0;
        from_grey_to_red = from_grey_to_red && example.pixels[i] >= 128 && example.pixels[i + 1] <= 128 &&
                           example.pixels[i + 1] == example.pixels[i + 2];
      }
    }
    CHECK(from_grey_to_red);
    const double expected[] = {1, 0.3, 0.51, 0.5, 0.503, 0.5, 0.5, 0.5, 0.25, 0.414};
    CHECK_MESSAGE(std::abs(ink / 20 / (128 * 128) - expected[texture]) < 0.05, "texture ", texture);
  }
}

TEST_CASE("trifeature: training images change at every visit and run, test images never") {
  for (const Role role : {Role::pretrain, Role::probe_train, Role::probe_test}) {
    const Trifeature source({.size = 32}, role, 1), other_run({.size = 32}, role, 2);
    Example first, second;
    source.read({.example = 5, .fetch = 5}, {}, first);
    source.read({.example = 5, .fetch = 100005}, {}, second);
    CHECK(source.varies() == (first.pixels != second.pixels));
    CHECK(first.labels == second.labels);
    other_run.read({.example = 5, .fetch = 5}, {}, second);
    CHECK(source.varies() == (first.pixels != second.pixels));
    CHECK(source.varies() == (role != Role::probe_test));
  }
}

TEST_CASE("trifeature: in pretraining two features predict each other as often as asked, in probes they do not") {
  struct Case {
    Pair pair;
    std::size_t first, second, third;
  };
  for (const auto& [pair, first, second, third] :
       {Case{Pair::shape_colour, 0, 1, 2}, Case{Pair::shape_texture, 0, 2, 1}, Case{Pair::colour_texture, 1, 2, 0}}) {
    for (const double correlation : {0.0, 0.1, 0.7, 1.0}) {
      const Options options{.size = 16, .train = 20, .correlate = pair, .correlation = correlation};
      const Trifeature source(options, Role::pretrain, 1), again(options, Role::pretrain, 2);
      int same = 0, same_with_third = 0, counts[10] = {};
      for (std::int64_t i = 0; i < source.size(); ++i) {
        const auto features = [](const Trifeature& of, data::Visit visit) {
          const Trifeature::Drawing drawing = of.drawing(visit);
          return std::array{drawing.shape, drawing.colour, drawing.texture};
        };
        const std::array<int, 3> drawn = features(source, first_visit(i));
        REQUIRE(drawn == features(again, {.example = i, .fetch = 12345}));  // of the example, whatever run and visit
        REQUIRE(drawn[0] == source.label(i));
        same += drawn[first] == drawn[second];
        same_with_third += drawn[first] == drawn[third];
        ++counts[drawn[second]];
      }
      const double count = 20000;
      CHECK(std::abs(same - count * correlation) <= 5 * std::sqrt(count * correlation * (1 - correlation)));
      CHECK(same_with_third == count / 10);
      for (const int each : counts) CHECK(std::abs(each - count / 10) < 5 * std::sqrt(count * 0.09));
    }
    const Trifeature probe({.size = 16, .train = 1, .correlate = pair}, Role::probe_train, 1);
    std::set<std::array<int, 3>> seen;
    for (std::int64_t i = 0; i < 1000; ++i) {
      const Trifeature::Drawing drawing = probe.drawing(first_visit(i));
      seen.insert({drawing.shape, drawing.colour, drawing.texture});
    }
    CHECK(seen.size() == 1000);
  }
}

TEST_CASE("trifeature: the fingerprint tells every option and the role apart, not the run") {
  std::set<std::string> seen;
  const std::vector<Options> different{{},
                                       {.size = 64},
                                       {.train = 7},
                                       {.texture_period = 12},
                                       {.correlate = Pair::shape_colour},
                                       {.correlate = Pair::shape_colour, .correlation = 0.5},
                                       {.seed = 1}};
  for (const Options& options : different) seen.insert(data::fingerprint(Trifeature(options, Role::pretrain, 1)));
  seen.insert(data::fingerprint(Trifeature({}, Role::probe_train, 1)));
  CHECK(seen.size() == different.size() + 1);
  CHECK(data::fingerprint(Trifeature({}, Role::pretrain, 1)) == data::fingerprint(Trifeature({}, Role::pretrain, 2)));
  CHECK(Trifeature({}, Role::pretrain, 1).describe() == "trifeature: (train, 100000 drawn images of 224 x 224)");
}

TEST_CASE("trifeature: refuses options out of range, in a sentence each") {
  const auto expect = [](const Options& options, const char* sentence) {
    CHECK_THROWS_WITH_AS(Trifeature(options, Role::pretrain, 1), sentence, engine::Error);
  };
  expect({.size = 15}, "trifeature: expected images of 16 to 512 pixels, got size=15");
  expect({.size = 513}, "trifeature: expected images of 16 to 512 pixels, got size=513");
  expect({.train = 0}, "trifeature: expected 1 to 1000000 images per combination, got train=0 and test=10");
  expect({.test = 0}, "trifeature: expected 1 to 1000000 images per combination, got train=100 and test=0");
  expect({.texture_period = 3}, "trifeature: expected a texture period of 4 to 32 pixels, got texture_period=3");
  expect({.correlation = 1.5}, "trifeature: expected a probability as correlation, got correlation=1.5");
}
