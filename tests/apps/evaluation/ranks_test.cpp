#include "apps/evaluation/ranks.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/context.h"
#include "tests/numeric.h"

using namespace apps;
using engine::Tensor;

namespace {

using Rows = std::vector<std::vector<double>>;

/// Eigenvalues of a symmetric matrix by Jacobi's rotations, ascending.
std::vector<double> eigenvalues(Rows a) {
  const std::size_t n = a.size();
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1.0));
        const double c = 1 / std::hypot(t, 1.0), s = t * c;
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y;
          a[k][q] = s * x + c * y;
        }
        for (std::size_t k = 0; k < n; ++k) {
          const double x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y;
          a[q][k] = s * x + c * y;
        }
      }
    }
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(std::max(a[i][i], 0.0));
  std::sort(values.begin(), values.end());
  return values;
}

Rows rows_of(const Tensor& z) {
  const std::vector<float> values = z.to_host<float>();
  const auto d = static_cast<std::size_t>(z.shape()[1]);
  Rows rows;
  for (std::size_t i = 0; i < values.size(); i += d) rows.emplace_back(&values[i], &values[i] + d);
  return rows;
}

std::vector<double> mean_of(const Rows& rows) {
  std::vector<double> mean(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += row[j] / static_cast<double>(rows.size());
  }
  return mean;
}

/// 1/N sum (x - centre)(x - centre)^T
Rows moments(const Rows& rows, const std::vector<double>& centre) {
  const std::size_t d = centre.size();
  Rows sum(d, std::vector<double>(d));
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j)
        sum[i][j] += (row[i] - centre[i]) * (row[j] - centre[j]) / static_cast<double>(rows.size());
    }
  }
  return sum;
}

double exp_entropy(const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  double entropy = 0;
  for (const double weight : weights) {
    const double p = weight / sum + 1e-7;
    entropy -= p * std::log(p);
  }
  return std::exp(entropy);
}

/// By the definitions; the singular values are roots of eigenvalues, of which the last min(N,d) are taken.
EffectiveRanks reference(const Tensor& z) {
  const Rows rows = rows_of(z);
  std::vector<double> sigma;
  for (const double value : eigenvalues(moments(rows, std::vector<double>(rows[0].size()))))
    sigma.push_back(std::sqrt(value));
  sigma.erase(sigma.begin(), sigma.end() - static_cast<std::ptrdiff_t>(std::min(rows.size(), rows[0].size())));
  const Rows c = moments(rows, mean_of(rows));
  double trace = 0, square = 0;
  for (std::size_t i = 0; i < c.size(); ++i) {
    trace += c[i][i];
    for (const double value : c[i]) square += value * value;
  }
  return {.rank_me = exp_entropy(sigma), .participation_ratio = trace * trace / square};
}

void check_close(const EffectiveRanks& ranks, const EffectiveRanks& expected) {
  CHECK(ranks.rank_me == doctest::Approx(expected.rank_me).epsilon(1e-6));
  CHECK(ranks.participation_ratio == doctest::Approx(expected.participation_ratio).epsilon(1e-6));
}

/// Uniform numbers, each column times a factor of its own, so that the spectrum is not flat.
Tensor uneven(const engine::Context& context, std::int64_t n, std::int64_t d, std::uint64_t seed) {
  std::vector<float> values = tests::random_values(n * d, seed);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto column = static_cast<float>(i % static_cast<std::size_t>(d));
    values[i] = values[i] / (1 + column) + 0.3f;
  }
  return Tensor::from(context, {n, d}, values);
}

}  // namespace

TEST_CASE("ranks: as the definitions say, for more rows than columns and for fewer, in several parts and blocks") {
  const engine::Context context = kernels::make_context();
  for (const auto& size : {std::pair{40, 7}, {7, 40}, {1100, 3}, {1, 5}, {5, 1}, {200, 131}, {60, 60}}) {
    const int n = size.first, d = size.second;
    CAPTURE(n);
    CAPTURE(d);
    const Tensor z = uneven(context, n, d, 1);
    const EffectiveRanks ranks = effective_ranks(z);
    EffectiveRanks expected = reference(z);
    if (n == 1) expected.participation_ratio = 0;  // one row does not vary
    check_close(ranks, expected);
  }
}

TEST_CASE("ranks: of an orthogonal basis all dimensions, on one line one, and none where nothing is") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kDim = 16;
  std::vector<float> basis(kDim * kDim);
  for (std::size_t i = 0; i < kDim; ++i) basis[i * kDim + i] = 3;
  const EffectiveRanks full = effective_ranks(Tensor::from(context, {kDim, kDim}, basis));
  CHECK(full.rank_me == doctest::Approx(kDim).epsilon(1e-4));
  CHECK(full.participation_ratio == doctest::Approx(kDim - 1));  // centred, one dimension is gone

  std::vector<float> line;
  for (int i = 0; i < 50; ++i) line.insert(line.end(), {0.1f * static_cast<float>(i), 0.3f * static_cast<float>(i), 0});
  const EffectiveRanks one = effective_ranks(Tensor::from(context, {50, 3}, line));
  CHECK(one.rank_me == doctest::Approx(1).epsilon(1e-4));
  CHECK(one.participation_ratio == doctest::Approx(1));

  const EffectiveRanks zero = effective_ranks(Tensor::zeros(context, {50, 3}));
  CHECK(zero.rank_me == 0);
  CHECK(zero.participation_ratio == 0);
}

TEST_CASE("ranks: a collapse is told as one, although floats round") {
  const engine::Context context = kernels::make_context();
  const std::vector<float> direction = tests::random_values(256, 3), noise = tests::random_values(1000 * 256, 4);
  const auto collapsed = [&](float spread) {
    std::vector<float> values;
    for (const float each : noise) values.push_back(direction[values.size() % 256] + spread * each);
    return effective_ranks(Tensor::from(context, {1000, 256}, values));
  };
  CHECK(collapsed(0).rank_me == doctest::Approx(1).epsilon(1e-3));
  CHECK(collapsed(0).participation_ratio == 0);
  CHECK(collapsed(1e-7f).rank_me < 1.02);
  CHECK(collapsed(1e-7f).participation_ratio == 0);
  CHECK(collapsed(1e-3f).participation_ratio > 150);  // no collapse: small differences in all directions
  CHECK(collapsed(1).rank_me > 150);
}

TEST_CASE("ranks: what is not finite has none") {
  const engine::Context context = kernels::make_context();
  for (const float bad : {NAN, INFINITY}) {
    const EffectiveRanks ranks = effective_ranks(Tensor::from<float>(context, {2, 2}, {1, 2, bad, 4}));
    CHECK(std::isnan(ranks.rank_me));
    CHECK(std::isnan(ranks.participation_ratio));
    CHECK(std::isnan(lidar(Tensor::from<float>(context, {2, 2}, {1, 2, bad, 4}), Partition::of({0, 1}))));
  }
  CHECK_THROWS_AS(effective_ranks(Tensor::zeros(context, {0, 3})), engine::Error);
  CHECK_THROWS_AS(effective_ranks(Tensor::zeros(context, {3})), engine::Error);
}

TEST_CASE("lidar: as the definition says, for groups of different sizes") {
  const engine::Context context = kernels::make_context();
  constexpr std::int64_t kRows = 60, kDim = 5;
  constexpr std::int64_t kGroups = 9;
  const Tensor z = uneven(context, kRows, kDim, 7);
  std::vector<std::int64_t> groups;
  for (std::int64_t i = 0; i < kRows; ++i) groups.push_back(i < kGroups ? i : (i * i) % kGroups);
  const Rows rows = rows_of(z);
  Rows means, deviations;
  for (std::int64_t group = 0; group < kGroups; ++group) {
    Rows members;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (groups[i] == group) members.push_back(rows[i]);
    }
    means.push_back(mean_of(members));
    for (auto member : members) {
      for (std::size_t j = 0; j < kDim; ++j) member[j] -= means.back()[j];
      deviations.push_back(member);
    }
  }
  const Rows sb = moments(means, mean_of(means));
  Rows sw = moments(deviations, std::vector<double>(kDim));
  for (std::size_t i = 0; i < kDim; ++i) sw[i][i] += 1e-4;
  // L^-1 Sb L^-T, with Sw = L L^T, has the eigenvalues of Sw^-1/2 Sb Sw^-1/2.
  Rows l(kDim, std::vector<double>(kDim)), a = sb;
  for (std::size_t i = 0; i < kDim; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = sw[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(sum) : sum / l[j][j];
    }
  }
  for (int side = 0; side < 2; ++side) {
    for (std::size_t c = 0; c < kDim; ++c) {
      for (std::size_t i = 0; i < kDim; ++i) {
        for (std::size_t k = 0; k < i; ++k) a[i][c] -= l[i][k] * a[k][c];
        a[i][c] /= l[i][i];
      }
    }
    Rows transposed = a;
    for (std::size_t i = 0; i < kDim; ++i)
      for (std::size_t j = 0; j < kDim; ++j) transposed[j][i] = a[i][j];
    a = transposed;
  }
  CHECK(lidar(z, Partition::of(groups)) == doctest::Approx(exp_entropy(eigenvalues(a))).epsilon(1e-6));
}

TEST_CASE("lidar: at most one less than there are groups, and none if they do not differ, however much rows do") {
  const engine::Context context = kernels::make_context();
  const std::vector<float> centres = tests::random_values(4 * 16, 1), noise = tests::random_values(400 * 16, 2);
  const auto measured = [&](float between, float within) {
    std::vector<float> values;
    std::vector<std::int64_t> groups;
    for (std::size_t i = 0; i < 400; ++i) {  // in pairs, on either side of the centre
      groups.push_back(static_cast<std::int64_t>(i % 4));
      const float sign = i / 4 % 2 == 0 ? 1 : -1;
      for (std::size_t j = 0; j < 16; ++j)
        values.push_back(between * centres[i % 4 * 16 + j] + sign * within * noise[i / 8 * 16 + j]);
    }
    return lidar(Tensor::from(context, {400, 16}, values), Partition::of(groups));
  };
  CHECK(measured(1, 0.01f) > 2);
  CHECK(measured(1, 0.01f) < 3.001);
  CHECK(measured(0, 1) == 0);
  CHECK_THROWS_AS(lidar(Tensor::zeros(context, {3, 2}), Partition::of({0, 1})), engine::Error);
}
