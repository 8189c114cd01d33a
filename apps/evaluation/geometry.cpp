#include "apps/evaluation/geometry.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/ops/linear.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

using engine::Tensor;
using Row = Eigen::Map<const Eigen::RowVectorXf>;

Row row_of(const Rows& rows, std::int64_t i) { return {rows.row(i), rows.columns}; }

Eigen::RowVectorXd mean_of(const Rows& rows) {
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.columns);
  for (std::int64_t i = 0; i < rows.count(); ++i) sum += row_of(rows, i).cast<double>();
  return sum / static_cast<double>(rows.count());
}

Rows unit_rows_around(const Rows& rows, const Eigen::RowVectorXd& centre) {
  constexpr double kLeastSquare = 1e-12;  // as engine::l2_normalize
  Rows unit{.values = std::vector<float>(rows.values.size()), .columns = rows.columns};
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < rows.count(); ++i) {
    const Eigen::RowVectorXd x = row_of(rows, i).cast<double>() - centre;
    Eigen::Map<Eigen::RowVectorXf>(unit.values.data() + i * rows.columns, rows.columns) =
        (x / std::sqrt(std::max(x.squaredNorm(), kLeastSquare))).cast<float>();
  }
  return unit;
}

/// Over all ordered pairs of rows of one part, a row with itself too: the sum of their inner products, which is the sum
/// over parts of |sum of the part's rows|^2, and their number. So pairs need not be visited one by one.
struct PairSum {
  double products = 0, pairs = 0;

  PairSum operator-(const PairSum& other) const { return {products - other.products, pairs - other.pairs}; }
  std::optional<double> mean() const { return pairs > 0 ? std::optional(products / pairs) : std::nullopt; }
};

PairSum pairs_within(const Rows& rows, const Partition& parts) {
  PairSum sum;
  Eigen::RowVectorXd total(rows.columns);
  for (const std::vector<std::int32_t>& members : parts.members()) {
    total.setZero();
    for (const std::int32_t i : members) total += row_of(rows, i).cast<double>();
    sum.products += total.squaredNorm();
    sum.pairs += static_cast<double>(members.size()) * static_cast<double>(members.size());
  }
  return sum;
}
PairSum all_pairs(const Rows& rows) {
  const auto count = static_cast<double>(rows.count());
  return {mean_of(rows).squaredNorm() * count * count, count * count};
}
PairSum rows_with_themselves(const Rows& rows) {
  PairSum sum;
  for (std::int64_t i = 0; i < rows.count(); ++i) sum.products += row_of(rows, i).cast<double>().squaredNorm();
  sum.pairs = static_cast<double>(rows.count());
  return sum;
}

void check(const char* what, std::int64_t rows, const Partition& partition) {
  EXPECTS(rows == partition.rows(), what, ": ", rows, " embeddings need as many images or labels, got ",
          partition.rows());
}

}  // namespace

Rows unit_rows(const Rows& rows) { return unit_rows_around(rows, Eigen::RowVectorXd::Zero(rows.columns)); }
Rows centred_unit_rows(const Rows& rows) { return unit_rows_around(rows, mean_of(rows)); }

double mean_std(const Rows& rows) {
  const Eigen::RowVectorXd mean = mean_of(rows);
  Eigen::RowVectorXd squares = Eigen::RowVectorXd::Zero(rows.columns);
  for (std::int64_t i = 0; i < rows.count(); ++i) squares += (row_of(rows, i).cast<double>() - mean).cwiseAbs2();
  return (squares / static_cast<double>(rows.count())).cwiseSqrt().mean();
}

std::optional<double> alignment(const Rows& unit, const Partition& images) {
  check("alignment", unit.count(), images);
  double squares = 0, pairs = 0;
  Eigen::RowVectorXd mean(unit.columns);
  for (const std::vector<std::int32_t>& members : images.members()) {
    const auto count = static_cast<double>(members.size());
    mean.setZero();
    for (const std::int32_t i : members) mean += row_of(unit, i).cast<double>() / count;
    double around_mean = 0;
    for (const std::int32_t i : members) around_mean += (row_of(unit, i).cast<double>() - mean).squaredNorm();
    squares += count * around_mean;  // = sum over pairs i < j of |x_i - x_j|^2
    pairs += count * (count - 1) / 2;
  }
  return pairs > 0 ? std::optional(squares / pairs) : std::nullopt;
}

std::optional<double> uniformity(const Tensor& unit, const Partition& images,
                                 const std::function<void(std::int64_t)>& progress) {
  constexpr std::int64_t kRows = 250;  // the similarities of 250 rows to 50,000 take 48 MiB
  const std::int64_t size = unit.shape()[0];
  check("uniformity", size, images);
  const std::vector<std::vector<std::int32_t>> members = images.members();
  double sum = 0, pairs = 0;
  std::vector<double> row_sums(kRows);
  for (std::int64_t begin = 0; begin < size; begin += kRows) {
    const std::int64_t count = std::min(kRows, size - begin), others = size - begin;
    std::vector<float> cosines = engine::linear(unit.narrow(begin, count), unit.narrow(begin, others)).to_host<float>();
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
      float* row = cosines.data() + i * others;
      for (const std::int32_t j :
           members[static_cast<std::size_t>(images.part_of_row[static_cast<std::size_t>(begin + i)])]) {
        if (j >= begin) row[j - begin] = -std::numeric_limits<float>::infinity();  // the same image
      }
      const Eigen::Map<const Eigen::ArrayXf> behind(row + i, others - i);
      // -2 |x - y|^2 = -4 + 4 cos
      row_sums[static_cast<std::size_t>(i)] = (4 * behind - 4).exp().cast<double>().sum();
    }
    sum = std::accumulate(row_sums.begin(), row_sums.begin() + count, sum);
    if (progress) progress(begin + count);
  }
  for (const auto& part : members)
    pairs += static_cast<double>(part.size()) * static_cast<double>(size - static_cast<std::int64_t>(part.size()));
  return pairs > 0 ? std::optional(std::log(sum / (pairs / 2))) : std::nullopt;
}

ImageCosines image_cosines(const Rows& unit, const Partition& images) {
  check("image_cosines", unit.count(), images);
  const PairSum image = pairs_within(unit, images);
  return {.same_image = (image - rows_with_themselves(unit)).mean(), .other_image = (all_pairs(unit) - image).mean()};
}

ValueCosines value_cosines(const Rows& centred_unit, const Partition& images, const Partition& values) {
  check("value_cosines", centred_unit.count(), images);
  check("value_cosines", centred_unit.count(), values);
  const PairSum image = pairs_within(centred_unit, images), value = pairs_within(centred_unit, values),
                both = pairs_within(centred_unit, Partition::common(images, values));
  return {.other_image_same_value = (value - both).mean(),
          .same_image_other_value = (image - both).mean(),
          .other_image_other_value = (all_pairs(centred_unit) - image - (value - both)).mean(),
          .same_image_same_value = (both - rows_with_themselves(centred_unit)).mean()};
}

}  // namespace apps
