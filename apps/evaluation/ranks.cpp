#include "apps/evaluation/ranks.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace apps {
namespace {

using engine::Tensor;
// Rows of embeddings, and their moments, in double: a product in float would bury the small singular values of
// embeddings that are close to collapse.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;

constexpr double kSmoothing = 1e-7;    // added to p, in both papers' code
constexpr double kRounding = 1e-12;    // variance below this part of the mean square is rounding of f32
constexpr double kWithinRidge = 1e-4;  // LiDAR's delta
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Calls visit(first row, rows in double) for all rows in parts.
template <class Visit>
void for_each_part(const Tensor& rows, Visit&& visit) {
  constexpr std::int64_t kRows = 1024;
  const std::int64_t size = rows.shape()[0], columns = rows.shape()[1];
  for (std::int64_t begin = 0; begin < size; begin += kRows) {
    const std::int64_t count = std::min(kRows, size - begin);
    const std::vector<float> values = rows.narrow(begin, count).to_host<float>();
    using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    visit(begin, Matrix(Eigen::Map<const Floats>(values.data(), count, columns).cast<double>()));
  }
}

/// sum += x^T x, the lower triangle of it, in square blocks that threads share.
void add_products(const Matrix& x, Matrix& sum) {
  constexpr std::int64_t kBlock = 128;
  const std::int64_t columns = x.cols(), blocks = (columns + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t pair = 0; pair < blocks * blocks; ++pair) {
    const std::int64_t i = pair / blocks * kBlock, j = pair % blocks * kBlock;
    if (j > i) continue;
    const std::int64_t height = std::min(kBlock, columns - i), width = std::min(kBlock, columns - j);
    sum.block(i, j, height, width).noalias() += x.middleCols(i, height).transpose() * x.middleCols(j, width);
  }
}

/// Makes a symmetric matrix of its lower triangle.
void mirror(Matrix& matrix) { matrix.triangularView<Eigen::StrictlyUpper>() = matrix.transpose(); }

/// Eigenvalues of the symmetric matrix whose lower triangle this is. Rounding makes some of the zeros negative.
Vector eigenvalues(const Matrix& lower) {
  const Eigen::MatrixXd columns = lower;
  return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(columns, Eigen::EigenvaluesOnly).eigenvalues().cwiseMax(0.0);
}

/// exp(-sum p ln p) of weights that are not negative, p = weight / their sum + 1e-7.
double smoothed_rank(const Vector& weights) {
  const double sum = weights.sum();
  if (sum == 0) return 0;
  const Eigen::ArrayXd p = weights.array() / sum + kSmoothing;
  return std::exp(-(p * p.log()).sum());
}

Vector mean_of(const Tensor& rows) {
  Vector sum = Vector::Zero(rows.shape()[1]);
  for_each_part(rows, [&](std::int64_t, const Matrix& part) { sum += part.colwise().sum().transpose(); });
  return sum / static_cast<double>(rows.shape()[0]);
}

/// The products of all rows with each other, [N,N], or of all columns, [d,d], whichever is smaller: both have the same
/// eigenvalues but for zeros. Lower triangles.
struct Products {
  Matrix raw;      // of the rows as they are
  Matrix centred;  // of the rows less their mean
};

Products products_of(const Tensor& rows, const Vector& mean) {
  const std::int64_t size = rows.shape()[0], columns = rows.shape()[1], smaller = std::min(size, columns);
  Products products{Matrix::Zero(smaller, smaller), Matrix::Zero(smaller, smaller)};
  if (size < columns) {
    Matrix transposed(columns, size);
    for_each_part(rows, [&](std::int64_t begin, const Matrix& part) {
      transposed.middleCols(begin, part.rows()) = part.transpose();
    });
    add_products(transposed, products.raw);
    transposed.colwise() -= mean;
    add_products(transposed, products.centred);
  } else {
    for_each_part(rows, [&](std::int64_t, const Matrix& part) {
      add_products(part.rowwise() - mean.transpose(), products.centred);
    });
    // Not the other way round: a difference of large products would lose the digits of a small variance.
    products.raw = products.centred + static_cast<double>(size) * mean * mean.transpose();
  }
  return products;
}

/// The squared Frobenius norm of the symmetric matrix whose lower triangle this is.
double squared_norm(const Matrix& lower) {
  const double all = Matrix(lower.triangularView<Eigen::Lower>()).squaredNorm();
  return 2 * all - lower.diagonal().squaredNorm();
}

void check_rows(const char* what, const Tensor& rows) {
  EXPECTS(rows && rows.shape().rank() == 2 && rows.dtype() == engine::Dtype::f32 && rows.elements() > 0, what,
          ": the rows must be f32 [N,d], and at least one");
}

}  // namespace

EffectiveRanks effective_ranks(const Tensor& rows) {
  check_rows("effective_ranks", rows);
  const Vector mean = mean_of(rows);
  if (!mean.allFinite()) return {.rank_me = kNaN, .participation_ratio = kNaN};
  const Products products = products_of(rows, mean);
  const double variance = products.centred.trace();
  EffectiveRanks ranks{.rank_me = smoothed_rank(eigenvalues(products.raw).cwiseSqrt())};
  if (variance > kRounding * products.raw.trace())
    ranks.participation_ratio = variance * variance / squared_norm(products.centred);
  return ranks;
}

double lidar(const Tensor& rows, const Partition& groups) {
  check_rows("lidar", rows);
  const std::int64_t size = rows.shape()[0], columns = rows.shape()[1];
  EXPECTS(groups.rows() == size, "lidar: ", size, " rows need as many groups, got ", groups.rows());
  const auto group = [&](std::int64_t row) { return groups.part_of_row[static_cast<std::size_t>(row)]; };
  Matrix means = Matrix::Zero(groups.parts, columns);
  Vector counts = Vector::Zero(groups.parts);
  double squares = 0;
  for_each_part(rows, [&](std::int64_t begin, const Matrix& part) {
    squares += part.squaredNorm();
    for (std::int64_t i = 0; i < part.rows(); ++i) {
      means.row(group(begin + i)) += part.row(i);
      counts[group(begin + i)] += 1;
    }
  });
  if (!std::isfinite(squares)) return kNaN;
  means.array().colwise() /= counts.array();

  Matrix within = Matrix::Zero(columns, columns), between = Matrix::Zero(columns, columns);
  for_each_part(rows, [&](std::int64_t begin, Matrix part) {
    for (std::int64_t i = 0; i < part.rows(); ++i) part.row(i) -= means.row(group(begin + i));
    add_products(part, within);
  });
  within = within / static_cast<double>(size) + kWithinRidge * Matrix::Identity(columns, columns);
  means.rowwise() -= Eigen::RowVectorXd(means.colwise().mean());
  add_products(means, between);
  between /= static_cast<double>(groups.parts);
  if (between.trace() <= kRounding * squares / static_cast<double>(size)) return 0;
  mirror(within);
  mirror(between);
  // Sw^-1/2 Sb Sw^-1/2 has the eigenvalues of Sb v = lambda Sw v, which needs no square root of Sw.
  const Eigen::MatrixXd sb = between, sw = within;
  const Eigen::GeneralizedSelfAdjointEigenSolver<Eigen::MatrixXd> solver(sb, sw, Eigen::EigenvaluesOnly);
  return smoothed_rank(solver.eigenvalues().cwiseMax(0.0));
}

}  // namespace apps
