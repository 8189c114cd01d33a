#pragma once
#include "kernels/kernel.h"

namespace kernels {

// y[i,:] = x[rows[i],:]
struct GatherRows {
  ConstView x;     // f32 [N,C]
  ConstView rows;  // i32 [M], each in [0,N)
  View y;          // f32 [M,C]
  Cost cost() const { return {.bytes = bytes_of(rows) + 2 * bytes_of(y)}; }
};

// SGD with Nesterov momentum and one learning rate per row of the matrix, so that one matrix product trains many
// classifiers: v = momentum v + g; w -= factor rate[row] (g + momentum v).
struct RowwiseSgd {
  View value, velocity;  // f32 [R,C]
  ConstView gradient;    // f32 [R,C]
  ConstView rates;       // f32 [R]
  float factor;          // of the schedule, in this step
  float momentum;
  Cost cost() const { return {.bytes = 5 * bytes_of(gradient), .operations = 5 * gradient.shape.elements()}; }
};

// predicted[q]: among the k candidates most similar to query q (similarity s), each class gets the sum of exp(s /
// temperature) over its candidates; the class with the largest sum wins (Wu et al. 2018, section 3.4). Of equal
// similarities the lower index comes first, of equal sums the lower class. At an infinite temperature every candidate
// counts 1. A row with NaN among its similarities predicts -1.
struct KnnVote {
  ConstView similarities;  // f32 [Q,N]
  ConstView labels;        // i32 [N], in [0,classes)
  View predicted;          // i32 [Q], in [-1,classes)
  int k, classes;
  float temperature;
  Cost cost() const { return {.bytes = bytes_of(similarities), .operations = similarities.shape.elements()}; }
};

KERNEL(gather_rows, GatherRows);
KERNEL(rowwise_sgd, RowwiseSgd);
KERNEL(knn_vote, KnnVote);

}  // namespace kernels
