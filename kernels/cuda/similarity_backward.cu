#include "kernels/cuda/exp2.h"
#include "kernels/cuda/similarity_grid.h"
#include "kernels/similarity.h"

namespace kernels::cuda {
namespace {

/// Corrects the weights of special pairs in a tile: 0 beyond the last row and for an anchor with itself, unless it is a
/// candidate; minus the attraction for the positive, which the forward pass has computed without cancellation.
template <class Tile>
__device__ void correct_weights(Tile& tile, const AnchorBlock& block, const CandidateTile<Tile>& candidates,
                                const Operands<typename Tile::Element>& s, const float* attraction) {
  const bool same_view = candidates.side == block.view;
  const bool keeps_own = candidates.side == kQueue || (same_view && s.candidates == Candidates::all);
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const int row = candidates.first + Tile::column(c);
      const bool own = !keeps_own && row == block.first + Tile::row(r);
      if (row >= candidates.rows || (own && same_view)) {
        tile.at(r, c) = 0;
      } else if (own) {
        const int anchor = row - s.first_anchor;  // rows beyond the last anchor are computed but never read
        tile.at(r, c) = anchor < s.anchors && attraction != nullptr ? -attraction[anchor] : 0;
      }
    }
  }
}

// parts[range][anchor][element] = sum over the range's candidates of (w_ik + w_ki) u_k, or -attraction_i u_k for the
// positive
template <class Tile, class Weights>
__global__ void __launch_bounds__(kThreads, Tile::WeightedSum::kBlocks)
    weigh_candidates(const Operands<typename Tile::Element> s, const float* attraction, float* parts) {
  const AnchorBlock block = AnchorBlock::mine<Tile>(s);
  const int slice = static_cast<int>(blockIdx.z);
  const float scale = s.scale();
  float terms[Tile::kThreadRows];
#pragma unroll
  for (int r = 0; r < Tile::kThreadRows; ++r) {
    const int example = block.first + Tile::row(r);
    terms[r] = example < s.n ? Weights::term(s.lse[std::int64_t{block.view} * s.n + example], scale) : Weights::kNoRow;
  }
  Tile tile;
  typename Tile::WeightedSum gradient;
  for_each_tile<Tile, Weights>(s, block, slice, tile, [&](const CandidateTile<Tile>& candidates) {
#pragma unroll
    for (int c = 0; c < Tile::kThreadColumns; ++c) {
      const float term = candidates.terms[Tile::column(c)];
#pragma unroll
      for (int r = 0; r < Tile::kThreadRows; ++r) {
        float& product = tile.at(r, c);
        product = Weights::weight(product, scale, terms[r], term);
      }
    }
    if (candidates.special(block)) correct_weights(tile, block, candidates, s, attraction);
    gradient.add(tile, candidates.vectors, dynamic_shared<WalkMemory<Tile>>()->tile);
  });
  const std::int64_t rows = std::int64_t{gridDim.x} * Tile::kRows, stride = std::int64_t{gridDim.z} * Tile::kDepth;
  gradient.store_to(parts + (blockIdx.y * rows + block.row) * stride + slice * Tile::kDepth, stride);
}

// dview (+)= factor * (the sum of the ranges' parts - attraction_i key_i, for a queue). One thread writes both views in
// turn, because both gradients may be in the same memory.
template <class Gradient, class Element>
__global__ void __launch_bounds__(kThreads)
    finish_gradients(const float* parts, int ranges, std::int64_t rows, std::int64_t stride, std::int64_t d,
                     const Operands<Element> s, const SimilarityBackward args) {
  const float factor = args.factor(s.n);
  for (std::int64_t i = first_in_grid(); i < s.anchors * d; i += grid_stride()) {
    float pull = 0;
    if (s.of_queue() && args.attraction) {
      pull =
          args.attraction.as<float>()[i / d] * static_cast<float>(s.view2[(s.first_anchor + i / d) * s.depth + i % d]);
    }
#pragma unroll
    for (int view = 0; view < 2; ++view) {
      if (view == s.views()) break;
      const float* part = parts + (view * (rows / s.views()) + i / d) * stride + i % d;
      float sum = -pull;
      for (int range = 0; range < ranges; ++range) sum += part[range * rows * stride];
      const Destination& to = view == 0 ? args.dview1 : args.dview2;
      Gradient& du = to.view.as<Gradient>()[i];
      to.accumulate ? write<true>(du, factor * sum) : write<false>(du, factor * sum);
    }
  }
}

}  // namespace

void similarity_backward(const Context& context, const SimilarityBackward& args) {
  const std::int64_t anchors = args.dview1.view.shape.rows(), d = args.s.view1.shape.cols();
  with_tile(args.s, [&]<class Tile>(Tile*) {
    using Element = typename Tile::Element;
    const AlignedRows<Element> aligned_rows(context, args.s);
    auto s = aligned_rows.operands(args.s, anchors);
    s.lse = args.lse.as<float>();
    const Launch weighing = walk<Tile>(s, s.template chunks<Tile>(), context);
    const std::int64_t rows = std::int64_t{weighing.grid.x} * Tile::kRows;
    const std::int64_t stride = std::int64_t{weighing.grid.z} * Tile::kDepth;
    const engine::Scratch scratch = engine::Scratch::floats(context, weighing.grid.y * rows * stride);
    const bool one = args.s.unit_rows && !args.s.temperature.now && s.fixed_scale <= OneExponential::kMostScale;
    launch(weighing, one ? weigh_candidates<Tile, OneExponential> : weigh_candidates<Tile, TwoExponentials>, s,
           args.attraction ? args.attraction.as<float>() : nullptr, scratch.as<float>());
    with_float_type(args.s.view1.dtype, [&]<class Gradient>(Gradient*) {
      launch(strided(anchors * d, stream(context)), finish_gradients<Gradient, Element>, scratch.as<float>(),
             static_cast<int>(weighing.grid.y), rows, stride, d, s, args);
    });
  });
}

}  // namespace kernels::cuda
