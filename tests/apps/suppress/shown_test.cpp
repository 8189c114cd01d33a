#include "apps/suppress/shown.h"

#include <doctest/doctest.h>

#include "data/compositions/rand_bits.h"
#include "tests/data/ramp_source.h"

using namespace apps;

TEST_CASE("shown: choices are spread over the whole source, each once") {
  const auto examples = [](const std::vector<Shown::Choice>& choices) {
    std::vector<std::int64_t> all;
    for (const Shown::Choice& choice : choices) all.push_back(choice.example);
    return all;
  };
  CHECK(examples(spread_choices(100, 4)) == std::vector<std::int64_t>{0, 25, 50, 75});
  CHECK(examples(spread_choices(3, 10)) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(examples(spread_choices(5, 3)) == std::vector<std::int64_t>{0, 1, 3});
}

TEST_CASE("shown: every image with the feature of every donor, as evaluation visits it") {
  const auto bits =
      std::make_shared<data::RandBits>(std::make_shared<RampSource>(50), data::RandBits::Options{.bits = 30});
  const Shown shown(bits, crossed_choices({{.example = 4}, {.example = 9}}, {20, 30, 40}));
  REQUIRE(shown.size() == 6);
  CHECK(shown.layout().bit_planes == 30);
  for (std::int64_t i = 0; i < 6; ++i) {
    const data::Example example = tests::read_example(shown, i);
    CHECK(example.pixels[0] == (i < 3 ? 4 : 9));
    CHECK(example.bits[0] == tests::read_example(*bits, 20 + 10 * (i % 3)).bits[0]);
  }
  const Shown own(bits, {{.example = 7}});
  CHECK(tests::read_example(own, 0).bits[0] == tests::read_example(*bits, 7).bits[0]);
}
