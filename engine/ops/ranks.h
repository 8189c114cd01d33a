#pragma once
#include "engine/tensor.h"

namespace engine {

// Each rank has a part of a batch, the same number of rows as the others. With one rank these return x itself.

/// The mean over the ranks of an f32 scalar that each has computed from its part of a batch, such as a mean over its
/// rows. Its gradient on a rank is that of the whole mean with respect to the rank's own scalar, so that the ranks'
/// gradients of a parameter add up.
Tensor mean_over_ranks(const Tensor& x);

/// The rows of all ranks. x [views m,...], the rows of each view below those of the last: [views n,...] with n = ranks
/// m, in each view the ranks' rows in the order of the ranks. Each rank may then compute a part of a loss from all
/// rows: the gradient of a rank's rows is the sum over the ranks of what each has computed for them, which needs f32.
Tensor rows_of_all_ranks(const Tensor& x, std::int64_t views = 1);

/// The share of `count` items, such as slices, that falls to this rank: item `first` and the `count` from there on.
struct Share {
  std::int64_t first, count;
};
/// Shares differ by one item at most.
Share share_of_rank(const Context& context, std::int64_t count);

}  // namespace engine
