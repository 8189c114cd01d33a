#include "apps/evaluation/ridge_probe.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "kernels/runtime/error.h"

namespace apps {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowVector = Eigen::RowVectorXd;

constexpr std::int64_t kFold = 5;  // one row in five is held out
constexpr double kRidges[] = {1e-4, 1e-3, 1e-2, 1e-1, 1};
constexpr double kConstant = 1e-6;  // a standard deviation below this part of the mean square is rounding of f32

/// The rows in double whose number modulo kFold is (or is not) the last.
Matrix part_of(const Rows& rows, bool held_out) {
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    if ((i % kFold == kFold - 1) == held_out) chosen.push_back(i);
  }
  Matrix part(static_cast<std::int64_t>(chosen.size()), rows.columns);
  for (std::int64_t i = 0; i < part.rows(); ++i) {
    const Eigen::Map<const Eigen::RowVectorXf> row(rows.row(chosen[static_cast<std::size_t>(i)]), rows.columns);
    part.row(i) = row.cast<double>();
  }
  return part;
}

std::vector<std::int32_t> part_of(const std::vector<std::int32_t>& labels, bool held_out) {
  std::vector<std::int32_t> part;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if ((i % kFold == kFold - 1) == held_out) part.push_back(labels[i]);
  }
  return part;
}

/// Features less their mean, divided by their standard deviation.
struct Standard {
  RowVector mean, scale;  // the scale of a constant feature is 0

  explicit Standard(const Matrix& rows) : mean(rows.colwise().mean()) {
    const RowVector variance = (rows.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(rows.rows());
    const RowVector square = rows.colwise().squaredNorm() / static_cast<double>(rows.rows());
    scale = RowVector::Zero(mean.size());
    for (std::int64_t j = 0; j < mean.size(); ++j) {
      const double deviation = std::sqrt(variance[j]);
      if (deviation > kConstant * std::sqrt(square[j])) scale[j] = 1 / deviation;
    }
  }
  void apply(Matrix& rows) const {
    rows.rowwise() -= mean;
    rows.array().rowwise() *= scale.array();
  }
};

/// The row numbers of the largest score among a task's columns, as far as they are the label.
std::vector<std::uint8_t> correct_rows(const Matrix& scores, std::int64_t first, int classes,
                                       const std::vector<std::int32_t>& labels) {
  std::vector<std::uint8_t> correct;
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    Eigen::Index best = 0;
    scores.row(i).segment(first, classes).maxCoeff(&best);
    correct.push_back(best == labels[static_cast<std::size_t>(i)] ? 1 : 0);
  }
  return correct;
}

double share(const std::vector<std::uint8_t>& correct) {
  return static_cast<double>(std::ranges::count(correct, std::uint8_t{1})) / static_cast<double>(correct.size());
}

double most_frequent(const ProbeTask& task) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(task.classes));
  for (const std::int32_t label : task.test) ++counts[static_cast<std::size_t>(label)];
  return static_cast<double>(std::ranges::max(counts)) / static_cast<double>(task.test.size());
}

}  // namespace

std::vector<ProbeScore> ridge_probe(const Rows& train, const Rows& test, const std::vector<ProbeTask>& tasks) {
  EXPECTS(train.count() >= kFold && test.count() > 0 && train.columns == test.columns,
          "ridge_probe: expected at least ", kFold, " training rows and a test row of as many features, got ",
          train.count(), " of ", train.columns, " and ", test.count(), " of ", test.columns);
  std::int64_t columns = 0;
  for (const ProbeTask& task : tasks) columns += task.classes;

  Matrix fitted = part_of(train, false), held_out = part_of(train, true), tested(test.count(), test.columns);
  for (std::int64_t i = 0; i < test.count(); ++i)
    tested.row(i) = Eigen::Map<const Eigen::RowVectorXf>(test.row(i), test.columns).cast<double>();
  const Standard standard(fitted);
  for (Matrix* rows : {&fitted, &held_out, &tested}) standard.apply(*rows);

  const auto count = static_cast<double>(fitted.rows());
  Matrix targets = Matrix::Zero(fitted.rows(), columns);
  std::int64_t first = 0;
  for (const ProbeTask& task : tasks) {
    const std::vector<std::int32_t> labels = part_of(task.train, false);
    for (std::int64_t i = 0; i < targets.rows(); ++i) targets(i, first + labels[static_cast<std::size_t>(i)]) = 1;
    first += task.classes;
  }
  const RowVector bias = targets.colwise().mean();
  targets.rowwise() -= bias;
  const Eigen::MatrixXd correlation = fitted.transpose() * fitted / count,
                        products = fitted.transpose() * targets / count;

  std::vector<ProbeScore> scores(tasks.size());
  std::vector<double> best(tasks.size(), -1);
  for (const double ridge : kRidges) {
    Eigen::MatrixXd matrix = correlation;
    matrix.diagonal().array() += ridge;
    const Eigen::MatrixXd weights = matrix.llt().solve(products);
    const Matrix of_held_out = (held_out * weights).rowwise() + bias, of_test = (tested * weights).rowwise() + bias;
    first = 0;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const ProbeTask& task = tasks[t];
      const double accuracy = share(correct_rows(of_held_out, first, task.classes, part_of(task.train, true)));
      if (accuracy > best[t]) {
        best[t] = accuracy;
        scores[t].correct = correct_rows(of_test, first, task.classes, task.test);
      }
      first += task.classes;
    }
  }
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    scores[t].accuracy = share(scores[t].correct);
    scores[t].chance = most_frequent(tasks[t]);
  }
  return scores;
}

}  // namespace apps
