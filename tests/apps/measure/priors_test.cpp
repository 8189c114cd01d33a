#include "apps/measure/priors.h"

#include <doctest/doctest.h>

#include <map>

#include "engine/ops/l2_normalize.h"
#include "kernels/context.h"
#include "kernels/runtime/philox.h"

using namespace apps;
using engine::Tensor;

namespace {

Tensor normal_rows(const engine::Context& context, std::int64_t rows, std::int64_t columns) {
  engine::Philox random(11, engine::Purpose::drawing, 3, 5);
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * columns; ++i) values.push_back(static_cast<float>(random.normal()));
  return Tensor::from(context, {rows, columns}, values);
}

std::map<std::string, MeasuredPrior> measured(const Tensor& z, float scale = 1) {
  std::map<std::string, MeasuredPrior> result;
  for (const MeasuredPrior& prior : measure_priors(z, engine::l2_normalize(z), scale, 1)) result[prior.name] = prior;
  REQUIRE(result.size() == 3);
  return result;
}

}  // namespace

TEST_CASE("measure priors: the noise floors of two samples, as simulated, and rows of a prior are at its floor") {
  const engine::Context context = kernels::make_context();
  const auto small = measured(normal_rows(context, 256, 64)), large = measured(normal_rows(context, 2048, 64));
  const auto near = [](double got, double expected) { CHECK(got == doctest::Approx(expected).epsilon(0.15)); };
  near(small.at("normal").noise_floor, 0.0217);
  near(small.at("cube").noise_floor, 0.0081);
  near(small.at("sphere").noise_floor, 3.0e-4);
  near(large.at("normal").noise_floor, 0.0031);
  near(large.at("cube").noise_floor, 0.0012);
  near(large.at("sphere").noise_floor, 4.2e-5);
  for (const auto& priors : {small, large}) {
    CHECK(priors.at("normal").distance < 1.3 * priors.at("normal").noise_floor);
    CHECK(priors.at("sphere").distance < 1.3 * priors.at("sphere").noise_floor);  // normal rows point everywhere
    CHECK(priors.at("cube").distance > 10 * priors.at("cube").noise_floor);
    CHECK(priors.at("sphere").unit_rows);
    CHECK_FALSE(priors.at("cube").unit_rows);
  }
}

TEST_CASE("measure priors: the scale is that of cube and normal prior") {
  const engine::Context context = kernels::make_context();
  std::vector<float> values = normal_rows(context, 256, 16).to_host<float>();
  for (float& value : values) value *= 3;
  const Tensor wide = Tensor::from(context, {256, 16}, values);
  CHECK(measured(wide).at("normal").distance > 10 * measured(wide).at("normal").noise_floor);
  CHECK(measured(wide, 3).at("normal").distance < 1.3 * measured(wide, 3).at("normal").noise_floor);
  CHECK(measured(wide, 3).at("cube").distance < measured(wide).at("cube").distance);
  CHECK(measured(wide, 3).at("sphere").distance == measured(wide).at("sphere").distance);
}

TEST_CASE("measure priors: of many dimensions some directions tell the same") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kWide = kMostDirections + 76;
  const auto priors = measured(normal_rows(context, 64, kWide));
  const double floor = priors.at("normal").noise_floor;
  CHECK(priors.at("normal").distance == doctest::Approx(floor).epsilon(0.05));
  CHECK(floor == doctest::Approx(measured(normal_rows(context, 64, 64)).at("normal").noise_floor).epsilon(0.2));
}

TEST_CASE("measure priors: collapsed rows are far from every prior") {
  const engine::Context context = kernels::make_context();
  std::vector<float> values;
  for (int i = 0; i < 256 * 8; ++i) values.push_back(i % 8 == 0 ? 1.0f : 0.5f);
  const Tensor z = Tensor::from(context, {256, 8}, values);
  for (const MeasuredPrior& prior : measure_priors(z, engine::l2_normalize(z), 1, 1)) {
    CAPTURE(prior.name);
    CHECK(prior.distance > 10 * prior.noise_floor);
  }
}
