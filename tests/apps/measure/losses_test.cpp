#include "apps/measure/losses.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/autograd.h"
#include "kernels/context.h"
#include "losses/contrastive.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

TEST_CASE("measure losses: each loss as the library computes it, with its parameters as numbers or names") {
  const engine::Context context = kernels::make_context();
  const Tensor z = tests::random_tensor(context, {14, 6}, 3);
  MeasureSettings settings;
  settings.config.train.seed = 5;
  const std::vector<MeasuredLoss> all = measure_losses(z, settings, false);
  REQUIRE(all.size() >= engine::kNames<losses::LossName>.size());
  for (const MeasuredLoss& measured : all) {
    CAPTURE(measured.name);
    CHECK(measured.gradient.empty());
    CHECK(measured.gradient_norm > 0);
    for (const MeasuredLoss::Parameter& parameter : measured.parameters) {
      CAPTURE(parameter.key);
      CHECK(parameter.text != "auto");
      CHECK(parameter.key.find('.') == parameter.key.npos);
    }
  }
  for (const std::string_view name : engine::kNames<losses::LossName>) {
    CAPTURE(name);
    settings.one_loss = true;
    settings.gradient = "wanted";
    settings.config.loss.name = *engine::named<losses::LossName>(name);
    const std::vector<MeasuredLoss> one = measure_losses(z, settings, false);
    REQUIRE(one.size() == 1);
    const Tensor rows = z.requires_gradient(), step = Tensor::zeros(context, {1}, engine::Dtype::i32);
    const losses::ContrastiveLoss loss = losses::contrastive(rows, settings.config.loss, {.seed = 5, .step = step});
    engine::backward(loss.loss);
    CHECK(one[0].name == name);
    CHECK(one[0].loss == static_cast<double>(loss.loss.item()));
    const std::vector<float> gradient = rows.gradient().to_host<float>();
    CHECK(one[0].alignment == static_cast<double>(loss.alignment.item()));
    CHECK(one[0].distribution == static_cast<double>(loss.distribution.item()));
    CHECK(one[0].accuracy.has_value() == static_cast<bool>(loss.accuracy));
    if (loss.accuracy) CHECK(one[0].accuracy == static_cast<double>(loss.accuracy.item()));
    CHECK(one[0].gradient == gradient);
    double squares = 0;
    for (const float value : gradient) squares += static_cast<double>(value) * static_cast<double>(value);
    CHECK(one[0].gradient_norm == doctest::Approx(std::sqrt(squares)));
  }
}
