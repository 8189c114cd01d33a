#pragma once
#include "kernels/kernel.h"

namespace kernels {

// What VISReg (Wu, Balestriero & Levine 2026) computes per feature. Rows are in groups of n, one below another; each
// group has its own mean_j and std_j, the square root of the mean of (x_j - mean_j)^2.

// y = (x - mean) / (std + epsilon)
// terms = {mean over groups and features of (1 - std)^2, mean over them of mean^2}
struct VisregStandardize {
  ConstView x;        // f32 [groups n, d]
  ConstView moments;  // f64 [groups,3,d]: of each group, as batch_norm_moments writes them
  float epsilon;
  View mean, std;  // f32 [groups,d]
  View terms;      // f32 [2]: scale, centre
  View y;          // like x
  Cost cost() const {
    return {.bytes = bytes_of(x) + bytes_of(moments) + bytes_of(ConstView(y)), .operations = 2 * x.shape.elements()};
  }
};
// The gradient of a loss of y, plus a share of that of both terms, where y takes std to be a constant:
//   dx = dy / (std + epsilon) + share (2 (std - 1) (x - mean) / (groups d n std) + 2 mean / (groups d n))
// Through y's mean nothing comes, because the sum of dy over a group is taken to be 0, as it is where dy does not
// change when all rows of the group move together. Where std is 0, the second summand is 0.
struct VisregGradient {
  ConstView y, mean, std;  // as VisregStandardize wrote them
  float epsilon;
  float share = 1;  // where several have each a part of dy, and their dx are added
  View gradient;    // f32, like y: dy becomes dx
  Cost cost() const { return {.bytes = 3 * bytes_of(y), .operations = 4 * y.shape.elements()}; }
};

KERNEL(visreg_standardize, VisregStandardize);
KERNEL(visreg_gradient, VisregGradient);

}  // namespace kernels
