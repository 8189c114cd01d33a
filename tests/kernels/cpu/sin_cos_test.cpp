#include "kernels/cpu/sin_cos.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace kernels::cpu;

TEST_CASE("sin_cos: both within 2e-7 up to the largest angle, sines of small angles within 2 units in the last place") {
  double worst = 0, relative = 0;
  const auto check = [&](float x) {
    const SineCosine at = sin_cos(broadcast(x));
    const double sine = std::sin(static_cast<double>(x)), cosine = std::cos(static_cast<double>(x));
    worst = std::max({worst, std::abs(at.sine[0] - sine), std::abs(at.cosine[kLanes - 1] - cosine)});
    if (std::abs(x) < 1.5f && x != 0) relative = std::max(relative, std::abs(at.sine[0] - sine) / std::abs(sine));
  };
  for (int i = -200'000; i <= 200'000; ++i) {
    check(static_cast<float>(i) * 1e-4f);
    check(kLargestAngle / 200'000 * static_cast<float>(i));
  }
  for (float x = 1e-37f; x < 1; x *= 1.37f) check(x), check(-x);
  MESSAGE("worst error of sin_cos: ", worst, ", relative: ", relative);
  CHECK(worst < 2e-7);
  CHECK(relative < 2 * 0x1p-23);
  CHECK(sin_cos(broadcast(0)).sine[0] == 0);
  CHECK(sin_cos(broadcast(0)).cosine[0] == 1);
}

TEST_CASE("sin_cos_of_any: any finite angle, NaN for infinity and NaN") {
  for (const float x : {0.5f, -8193.0f, 1e10f, -3e38f}) {
    CHECK(sin_cos_of_any(broadcast(x)).sine[1] == static_cast<float>(std::sin(static_cast<double>(x))));
    CHECK(sin_cos_of_any(broadcast(x)).cosine[1] == static_cast<float>(std::cos(static_cast<double>(x))));
  }
  for (const float x : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(std::isnan(sin_cos_of_any(broadcast(x)).sine[0]));
    CHECK(std::isnan(sin_cos_of_any(broadcast(x)).cosine[0]));
  }
}
