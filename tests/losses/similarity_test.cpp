#include "losses/similarity.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops/l2_normalize.h"
#include "kernels/context.h"
#include "kernels/similarity.h"
#include "tests/kernels/similarity_reference.h"
#include "tests/losses/terms_of.h"
#include "tests/numeric.h"

using engine::Context;
using engine::Tensor;

namespace {

constexpr std::int64_t kN = 4, kD = 3;
using Rows = std::array<std::array<double, kD>, kN>;

/// The inputs of the golden values, which an independent implementation computed in double.
Rows view1() {
  Rows z;
  for (int i = 0; i < kN; ++i) {
    for (int j = 0; j < kD; ++j) z[i][j] = std::sin(1 + 0.7 * (3 * i + j));
  }
  return z;
}
Rows view2() {
  Rows z;
  for (int i = 0; i < kN; ++i) {
    for (int j = 0; j < kD; ++j) z[i][j] = std::cos(0.3 + 0.5 * (3 * i + j));
  }
  return z;
}

double length(const std::array<double, kD>& z) { return std::sqrt(z[0] * z[0] + z[1] * z[1] + z[2] * z[2]); }

std::vector<float> normalised(const Rows& z) {
  std::vector<float> u;
  for (const auto& row : z) {
    for (const double value : row) u.push_back(static_cast<float>(value / length(row)));
  }
  return u;
}

/// dz = (du - (du . u) u) / |z|
std::array<double, kD> through_normalisation(const std::vector<float>& du, std::int64_t row,
                                             const std::array<double, kD>& z) {
  double along = 0;
  for (int j = 0; j < kD; ++j) along += du[static_cast<std::size_t>(row * kD + j)] * z[j] / length(z);
  std::array<double, kD> dz;
  for (int j = 0; j < kD; ++j) {
    dz[j] = (du[static_cast<std::size_t>(row * kD + j)] - along * z[j] / length(z)) / length(z);
  }
  return dz;
}

Tensor stacked(const Context& context) {
  std::vector<float> u = normalised(view1());
  const std::vector<float> second = normalised(view2());
  u.insert(u.end(), second.begin(), second.end());
  return Tensor::from<float>(context, {2 * kN, kD}, u);
}

}  // namespace

TEST_CASE("nt_xent: golden values") {
  const Context context = kernels::make_context();
  const Tensor u = stacked(context);
  const struct {
    float temperature;
    double loss;
  } golden[] = {
      {0.05f, 1.9368693108}, {0.1f, 1.4608597884}, {0.2f, 1.4120904644}, {0.5f, 1.8233050546}, {1.0f, 2.4384801432}};
  for (const auto& [temperature, loss] : golden) {
    CAPTURE(temperature);
    CHECK(losses::nt_xent(u, {{temperature}}).loss.item() == doctest::Approx(loss).epsilon(2e-6));
  }
}

TEST_CASE("nt_xent: golden gradients and decomposition") {
  const Context context = kernels::make_context();
  const Tensor u = stacked(context).requires_gradient();
  const losses::ContrastiveLoss result = losses::nt_xent(u, {{0.5f}});
  const std::vector<float> metrics = tests::terms_of(result);
  CHECK(metrics[kernels::kContrastLoss] == doctest::Approx(1.8233050546).epsilon(1e-6));
  CHECK(0.5 * metrics[kernels::kContrastAlignment] == doctest::Approx(-1.7415359180).epsilon(1e-6));
  CHECK(0.5 * metrics[kernels::kContrastDistribution] == doctest::Approx(2.6531884453).epsilon(1e-6));

  engine::backward(result.loss);
  const std::vector<float> du = u.gradient().to_host<float>();
  const std::array<double, kD> dz1 = through_normalisation(du, 0, view1()[0]);
  const std::array<double, kD> dz2 = through_normalisation(du, kN + 3, view2()[3]);
  const double expected1[] = {-.1841734210, .0266280638, .1903441665};
  const double expected2[] = {-.1575690791, -.0883920318, .0709068597};
  for (std::size_t j = 0; j < kD; ++j) {
    CHECK(std::abs(dz1[j] - expected1[j]) < 1e-6);
    CHECK(std::abs(dz2[j] - expected2[j]) < 1e-6);
  }
}

TEST_CASE("cross_view: golden values") {
  const Context context = kernels::make_context();
  const Tensor u = stacked(context);
  CHECK(losses::cross_view(u, {{0.1f}}).loss.item() == doctest::Approx(.8786400876).epsilon(2e-6));
  CHECK(losses::cross_view(u, {{0.5f}}).loss.item() == doctest::Approx(1.1460530479).epsilon(2e-6));
}

TEST_CASE("log_sum_exp_distribution: golden values and gradient") {
  const Context context = kernels::make_context();
  const Tensor u = stacked(context);
  const auto value = [&](float temperature) {
    return losses::log_sum_exp_distribution(u, {.temperature = {.value = temperature}}).loss.item();
  };
  CHECK(value(1.0f) == doctest::Approx(1.2824542253).epsilon(1e-6));
  CHECK(value(0.5f) == doctest::Approx(1.9813678331).epsilon(1e-6));
  CHECK(value(0.2f) == doctest::Approx(4.6642536522).epsilon(1e-6));

  // The gradient of alignment + distribution / 10, where the alignment's is (u1 - u2) / (n d).
  const Tensor leaf = u.requires_gradient();
  engine::backward(losses::log_sum_exp_distribution(leaf).loss);
  std::vector<float> du = leaf.gradient().to_host<float>();
  const std::vector<float> rows = u.to_host<float>();
  for (std::size_t j = 0; j < kD; ++j) du[j] = 0.1f * du[j] + (rows[j] - rows[kN * kD + j]) / (kN * kD);
  const std::array<double, kD> dz = through_normalisation(du, 0, view1()[0]);
  const double expected[] = {-.0143231776, .0033956010, .0128581995};
  for (std::size_t j = 0; j < kD; ++j) CHECK(std::abs(dz[j] - expected[j]) < 1e-7);
}

TEST_CASE("queue: golden value") {
  const Context context = kernels::make_context();
  const Tensor u = stacked(context);
  const losses::ContrastiveLoss y =
      losses::queue(u.narrow(0, 1), u.narrow(kN, 1), u.narrow(kN + 1, kN - 1), {.temperature = {.value = 0.2f}});
  CHECK(y.loss.item() == doctest::Approx(.3901553700).epsilon(1e-6));
  CHECK(tests::terms_of(y)[kernels::kContrastAccuracy] == 1);
}

TEST_CASE("contrastive: uninformative features give 2 ln(2n - 1) and 2 ln n") {
  const Context context = kernels::make_context();
  const std::vector<float> same(static_cast<std::size_t>(2 * 512 * 4), 0.5f);
  const Tensor u = Tensor::from<float>(context, {2 * 512, 4}, same);
  CHECK(losses::nt_xent(u, {{0.1f}}).loss.item() == doctest::Approx(2 * std::log(1023.0)));
  CHECK(losses::cross_view(u, {{0.1f}}).loss.item() == doctest::Approx(2 * std::log(512.0)));
}

TEST_CASE("contrastive: gradients match central differences") {
  const Context context = kernels::make_context();
  const Tensor u = tests::random_tensor(context, {2 * 5, 6}, 1);
  tests::check_gradients([](const std::vector<Tensor>& in) { return losses::nt_xent(in[0], {{0.7f}}).loss; }, {u});
  tests::check_gradients([](const std::vector<Tensor>& in) { return losses::cross_view(in[0], {{0.7f}}).loss; }, {u});
}

TEST_CASE("contrastive: of bf16 rows, what their values give in f32, the gradient rounded") {
  const Context context = kernels::make_context();
  const std::vector<float> values = tests::random_values(2 * 70 * 6, 1);
  const std::vector<engine::bf16> narrow(values.begin(), values.end());
  for (const auto loss_of : {losses::nt_xent, losses::cross_view}) {
    const Tensor u = Tensor::from<engine::bf16>(context, {2 * 70, 6}, narrow).requires_gradient();
    const Tensor wide =
        Tensor::from<float>(context, {2 * 70, 6}, std::vector<float>(narrow.begin(), narrow.end())).requires_gradient();
    const losses::ContrastiveLoss loss = loss_of(u, {{0.5f}}), expected = loss_of(wide, {{0.5f}});
    CHECK(tests::terms_of(loss) == tests::terms_of(expected));
    engine::backward(loss.loss);
    engine::backward(expected.loss);
    const std::vector<float> du = wide.gradient().to_host<float>();
    const std::vector<engine::bf16> actual = u.gradient().to_host<engine::bf16>(), rounded(du.begin(), du.end());
    for (std::size_t i = 0; i < du.size(); ++i) CHECK(actual[i].bits == rounded[i].bits);
  }
}

TEST_CASE("contrastive: products in bf16 are those of rounded rows, their gradient that of f32") {
  const Context context = kernels::make_context();
  const std::vector<float> values = tests::random_values(2 * 70 * 6, 1);
  const std::vector<engine::bf16> narrow(values.begin(), values.end());
  const std::vector<float> rounded(narrow.begin(), narrow.end());
  for (const auto loss_of : {losses::nt_xent, losses::cross_view}) {
    const Tensor u = Tensor::from<float>(context, {2 * 70, 6}, values).requires_gradient();
    const Tensor v = Tensor::from<float>(context, {2 * 70, 6}, rounded).requires_gradient();
    const auto loss = loss_of(u, {.temperature = {0.5f}, .products = losses::Products::bf16}),
               expected = loss_of(v, {{0.5f}});
    CHECK(tests::terms_of(loss) == tests::terms_of(expected));
    engine::backward(loss.loss);
    engine::backward(expected.loss);
    CHECK(u.gradient().to_host<float>() == v.gradient().to_host<float>());
  }
}

TEST_CASE("contrastive: refuses shapes and temperatures that make no sense") {
  const Context context = kernels::make_context();
  const Tensor odd = Tensor::zeros(context, {5, 6}), even = Tensor::zeros(context, {4, 6});
  CHECK_THROWS_WITH_AS(losses::nt_xent(odd, {{0.1f}}),
                       "nt_xent: u must be f32 or bf16 [2n,d], the rows of view 1 above those of view 2, got f32 [5,6]",
                       engine::Error);
  CHECK_THROWS_AS(losses::nt_xent(Tensor::zeros(context, {0, 6}), {{0.1f}}), engine::Error);
  CHECK_THROWS_WITH_AS(losses::nt_xent(even, {{0.0f}}), "nt_xent: temperature must be a number above 0, got 0",
                       engine::Error);
  CHECK_THROWS_AS(losses::nt_xent(even, {{std::nanf("")}}), engine::Error);
  CHECK_THROWS_WITH_AS(
      losses::cross_view(odd, {{0.1f}}),
      "cross_view: u must be f32 or bf16 [2n,d], the rows of view 1 above those of view 2, got f32 [5,6]",
      engine::Error);
  CHECK_THROWS_AS(losses::cross_view(even, {{-1.0f}}), engine::Error);
}

TEST_CASE("contrastive losses: a gradient far below rounding keeps its digits through the normalisation of the rows") {
  constexpr std::int64_t kExamples = 60, kWidth = 128, kElements = kExamples * kWidth;
  constexpr float kTemperature = 0.01f;
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  std::vector<float> z = tests::random_values(2 * kElements, 5);
  for (std::size_t i = kElements; i < z.size(); ++i) z[i] = 0.5f * z[i] + z[i - kElements];  // view 2 is like view 1
  for (const bool within_views : {true, false}) {
    CAPTURE(within_views);
    const Tensor both = Tensor::from<float>(context, {2 * kExamples, kWidth}, z);
    const std::vector<float> unit = engine::l2_normalize(both).to_host<float>();
    const Tensor rows = both.requires_gradient();
    const auto loss_of = within_views ? losses::nt_xent : losses::cross_view;
    engine::backward(loss_of(engine::l2_normalize(rows), {{kTemperature}}).loss);
    const std::vector<float> actual = rows.gradient().to_host<float>();

    const tests::ContrastReference expected(unit, kExamples, kWidth, kTemperature, within_views);
    std::vector<double> dz = expected.du;
    double largest = 0;
    for (std::size_t row = 0; row < dz.size(); row += kWidth) {
      double along = 0, squared = 0;
      for (std::size_t k = row; k < row + kWidth; ++k) {
        along += dz[k] * static_cast<double>(unit[k]);
        squared += static_cast<double>(z[k]) * static_cast<double>(z[k]);
      }
      for (std::size_t k = row; k < row + kWidth; ++k) {
        dz[k] = (dz[k] - along * static_cast<double>(unit[k])) / std::sqrt(squared);
        largest = std::max(largest, std::abs(dz[k]));
      }
    }
    CHECK(largest < 1e-15);
    CHECK(tests::relative_error(actual, dz) <= 1e-4);
  }
}

TEST_CASE("nt_xent: the loss and its gradient of 16,384 rows of 128 need less than 64 MiB beside them") {
  const Context context = kernels::make_context({.device = {}, .threads = 2});
  const Tensor u = tests::random_tensor(context, {16384, 128}, 1).requires_gradient();
  context.pool().reset_peak();
  const std::size_t before = context.pool().used_bytes();
  engine::backward(losses::nt_xent(u, {{0.1f}}).loss);
  const double extra_mib = static_cast<double>(context.pool().peak_bytes() - before - u.bytes()) / (1 << 20);
  MESSAGE("beside rows and gradient: ", extra_mib, " MiB; the similarities would be 1024 MiB");
  CHECK(extra_mib < 64);
}
