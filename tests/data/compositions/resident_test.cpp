#include "data/compositions/resident.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/compositions/rand_bits.h"
#include "data/sources/digits.h"
#include "tests/data/ramp_source.h"

using data::Resident;

TEST_CASE("resident: holds exactly what the source draws") {
  const auto digits = std::make_shared<data::Digits>(data::Split::test);
  const Resident resident(digits);
  CHECK(resident.size() == 10000);
  CHECK(resident.image_shape() == digits->image_shape());
  CHECK(resident.images().size() == 10000 * 784);
  CHECK(resident.labels().size() == 10000);
  CHECK(resident.describe() == "digits: (test, 10000 drawn images), resident");
  std::uint8_t drawn[784], held[784];
  for (const std::int64_t i : {0, 1, 777, 9999}) {
    digits->image(i, drawn);
    resident.image(i, held);
    CHECK(std::ranges::equal(drawn, held));
    CHECK(std::ranges::equal(drawn, resident.images().subspan(static_cast<std::size_t>(i) * 784, 784)));
    CHECK(resident.label(i) == digits->label(i));
  }
}

TEST_CASE("resident: bits that change from fetch to fetch still do") {
  const auto bits = std::make_shared<data::RandBits>(std::make_shared<RampSource>(8),
                                                     data::RandBits::Options{.bits = 64, .per_fetch = true});
  const Resident resident(bits);
  CHECK(resident.bit_planes() == 64);
  CHECK(resident.bits(3, 3) == bits->bits(3, 3));
  CHECK(resident.bits(3, 11) == bits->bits(3, 11));
  CHECK(resident.bits(3, 3) != resident.bits(3, 11));
}

TEST_CASE("resident: what the source throws comes out") {
  const auto ramp = std::make_shared<RampSource>(100);
  ramp->bad_example = 7;
  CHECK_THROWS_WITH_AS(Resident{ramp}, "example 7 is damaged", engine::DataError);
}
