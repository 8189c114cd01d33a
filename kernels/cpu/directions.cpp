#include "kernels/directions.h"

#include <algorithm>
#include <cmath>

#include "kernels/runtime/philox.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

constexpr std::int64_t kPanel = 4;  // rows that are subtracted from all later rows at once

/// Standard normal numbers: the column of G that belongs to this direction.
void draw(double* row, std::int64_t d, std::uint64_t seed, std::int64_t direction, std::int64_t step) {
  engine::Philox random(seed, engine::Purpose::directions, static_cast<std::uint32_t>(direction),
                        static_cast<std::uint64_t>(step));
  for (std::int64_t i = 0; i < d; ++i) row[i] = random.normal();
}

void subtract(double* row, const double* unit, std::int64_t d) {
  double along = 0;
#pragma omp simd reduction(+ : along)
  for (std::int64_t i = 0; i < d; ++i) along += unit[i] * row[i];
#pragma omp simd
  for (std::int64_t i = 0; i < d; ++i) row[i] -= along * unit[i];
}

/// Makes the row orthogonal to a panel of rows, which are orthogonal to each other.
void subtract_panel(double* row, const double* panel, std::int64_t d) {
  const double *a = panel, *b = a + d, *c = b + d, *e = c + d;
  double along_a = 0, along_b = 0, along_c = 0, along_e = 0;
#pragma omp simd reduction(+ : along_a, along_b, along_c, along_e)
  for (std::int64_t i = 0; i < d; ++i) {
    along_a += a[i] * row[i];
    along_b += b[i] * row[i];
    along_c += c[i] * row[i];
    along_e += e[i] * row[i];
  }
#pragma omp simd
  for (std::int64_t i = 0; i < d; ++i) row[i] -= along_a * a[i] + along_b * b[i] + along_c * c[i] + along_e * e[i];
}

void normalise(double* row, std::int64_t d) {
  double squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < d; ++i) squares += row[i] * row[i];
  const double factor = 1 / std::sqrt(squares);
#pragma omp simd
  for (std::int64_t i = 0; i < d; ++i) row[i] *= factor;
}

}  // namespace

void draw_directions(const Context& context, const DrawDirections& args) {
  expect_valid(args);
  const std::int64_t k = args.directions.shape[0], d = args.directions.shape[1];
  const std::int64_t step = args.step ? *args.step.as<std::int32_t>() : 0;
  const engine::Scratch scratch(context, static_cast<std::size_t>(k * d) * sizeof(double));
  double* rows = scratch.as<double>();
  float* directions = args.directions.as<float>();
#pragma omp parallel num_threads(context.threads())
  {
#pragma omp for schedule(static)
    for (std::int64_t j = 0; j < k; ++j) draw(rows + j * d, d, args.seed, j, step);
    for (std::int64_t first = 0; first < k; first += kPanel) {
      const std::int64_t end = std::min(first + kPanel, k);
#pragma omp single
      for (std::int64_t j = first; j < end; ++j) {
        for (std::int64_t before = first; before < j; ++before) subtract(rows + j * d, rows + before * d, d);
        normalise(rows + j * d, d);
        for (std::int64_t i = 0; i < d; ++i) directions[j * d + i] = static_cast<float>(rows[j * d + i]);
      }
      // A panel that is not full is the last.
#pragma omp for schedule(static)
      for (std::int64_t j = end; j < k; ++j) subtract_panel(rows + j * d, rows + first * d, d);
    }
  }
}

}  // namespace kernels::cpu
