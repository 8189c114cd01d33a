#include "kernels/cuda/exp2.h"
#include "kernels/cuda/similarity_grid.h"
#include "kernels/nt_xent.h"

namespace kernels::cuda {
namespace {

/// Corrects the weights of special pairs in a tile: 0 beyond the last example and for an anchor with itself; minus the
/// attraction for the positive, which the forward pass has computed without cancellation.
template <class Tile>
__device__ void correct_weights(Tile& tile, const AnchorBlock& block, const CandidateTile<Tile>& candidates,
                                const Similarities<typename Tile::Element>& s, const float* attraction) {
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const int example = candidates.first + Tile::column(c);
      const bool own = example == block.first + Tile::row(r), same_view = candidates.view == block.view;
      if (example >= s.n || (own && same_view)) {
        tile.at(r, c) = 0;
      } else if (own) {
        const int anchor = example - s.first_anchor;  // rows beyond the last anchor are computed but never read
        tile.at(r, c) = anchor < s.anchors ? -attraction[anchor] : 0;
      }
    }
  }
}

// parts[range][anchor][element] = sum over the range's candidates of (p_ik + p_ki) u_k, or -attraction_i u_k for the
// positive
template <class Tile>
__global__ void __launch_bounds__(kThreads, Tile::WeightedSum::kBlocks)
    weigh_candidates(const Similarities<typename Tile::Element> s, const float* attraction, float* parts) {
  const AnchorBlock block = AnchorBlock::mine<Tile>(s);
  const int slice = static_cast<int>(blockIdx.z);
  float log2_sums[Tile::kThreadRows];
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
    const int example = block.first + Tile::row(r);
    log2_sums[r] = example < s.n ? log2_of_sum(s.lse[std::int64_t{block.view} * s.n + example]) : INFINITY;
  }
  Tile tile;
  typename Tile::WeightedSum gradient;
  for_each_tile<Tile>(s, block, slice, tile, [&](const CandidateTile<Tile>& candidates) {
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const float log2_sum = candidates.log2_sums[Tile::column(c)];
#pragma unroll
      for (int r = 0; r < Tile::kThreadRows; ++r) {
        float& product = tile.at(r, c);
        // Neither exponent exceeds 0, except by rounding.
        product = fast_exp2(fmaf(product, s.scale, -log2_sums[r])) + fast_exp2(fmaf(product, s.scale, -log2_sum));
      }
    }
    if (candidates.special(block, s.n)) correct_weights(tile, block, candidates, s, attraction);
    gradient.add(tile, candidates.vectors, dynamic_shared<WalkMemory<Tile>>()->tile);
  });
  const std::int64_t rows = std::int64_t{gridDim.x} * Tile::kRows, stride = std::int64_t{gridDim.z} * Tile::kDepth;
  gradient.store_to(parts + (blockIdx.y * rows + block.row) * stride + slice * Tile::kDepth, stride);
}

// dview (+)= dloss / (n temperature) * the sum of the ranges' parts. One thread writes both views in turn, because both
// gradients may be in the same memory.
template <class Gradient>
__global__ void __launch_bounds__(kThreads)
    finish_gradients(const float* parts, int ranges, std::int64_t rows, std::int64_t stride, std::int64_t anchors,
                     std::int64_t d, const float* dloss, float inverse, Destination dview1, Destination dview2) {
  const float factor = *dloss * inverse;
  for (std::int64_t i = first_in_grid(); i < anchors * d; i += grid_stride()) {
#pragma unroll
    for (int view = 0; view < 2; ++view) {
      const float* part = parts + (view * (rows / 2) + i / d) * stride + i % d;
      float sum = 0;
      for (int range = 0; range < ranges; ++range) sum += part[range * rows * stride];
      const Destination& to = view == 0 ? dview1 : dview2;
      Gradient& du = to.view.as<Gradient>()[i];
      to.accumulate ? write<true>(du, factor * sum) : write<false>(du, factor * sum);
    }
  }
}

}  // namespace

void nt_xent_backward(const Context& context, const NtXentBackward& args) {
  const std::int64_t anchors = args.dview1.view.shape.rows(), d = args.pairs.view1.shape.cols();
  with_tile(args.pairs, [&]<class Tile>(Tile*) {
    const AlignedViews<typename Tile::Element> views(context, args.pairs);
    auto s = views.similarities(args.pairs, anchors);
    s.lse = args.lse.as<float>();
    const Launch weighing = walk<Tile>(s, s.template chunks<Tile>(), context);
    const std::int64_t rows = std::int64_t{weighing.grid.x} * Tile::kRows;
    const std::int64_t stride = std::int64_t{weighing.grid.z} * Tile::kDepth;
    const engine::Scratch scratch = engine::Scratch::floats(context, weighing.grid.y * rows * stride);
    launch(weighing, weigh_candidates<Tile>, s, args.attraction.as<float>(), scratch.as<float>());
    const float inverse = 1 / (static_cast<float>(s.n) * args.pairs.temperature);
    with_float_type(args.pairs.view1.dtype, [&]<class Gradient>(Gradient*) {
      launch(strided(anchors * d, stream(context)), finish_gradients<Gradient>, scratch.as<float>(),
             static_cast<int>(weighing.grid.y), rows, stride, anchors, d, args.dloss.as<float>(), inverse, args.dview1,
             args.dview2);
    });
  });
}

}  // namespace kernels::cuda
