#pragma once
#include <optional>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/similarity_walk.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

/// The host side: prepares the views and launches walks over similarities.
namespace kernels::cuda {

template <class From, class Element>
__global__ void __launch_bounds__(kThreads) copy_vectors(const From* view1, const From* view2, std::int64_t n,
                                                         std::int64_t d, std::int64_t depth, Element* to) {
  const std::int64_t elements = n * depth;
  for (std::int64_t i = first_in_grid(); i < 2 * elements; i += grid_stride()) {
    const std::int64_t at = i < elements ? i : i - elements, k = at % depth;
    const From* from = i < elements ? view1 : view2;
    narrow(to[i], k < d ? static_cast<float>(from[at / depth * d + k]) : 0.0f);
  }
}

/// Both views as a walk reads them: in place or, if their type differs or their vectors are not whole aligned pieces of
/// 16 bytes, a copy in which each vector is padded with zeros.
template <class Element>
class AlignedViews {
 public:
  AlignedViews(const Context& context, const ContrastPairs& pairs) {
    const std::int64_t n = pairs.view1.shape.rows(), d = pairs.view1.shape.cols();
    depth_ = round_up(d, kWidest<Element>);
    view1_ = static_cast<const Element*>(pairs.view1.data);
    view2_ = static_cast<const Element*>(pairs.view2.data);
    const bool same_type = pairs.view1.dtype == engine::dtype_of<Element>;
    if (same_type && depth_ == d && aligned({view1_, view2_})) return;
    copy_.emplace(context, static_cast<std::size_t>(2 * n * depth_) * sizeof(Element));
    auto* to = copy_->template as<Element>();
    with_float_type(pairs.view1.dtype, [&]<class From>(From*) {
      launch(strided(2 * n * depth_, stream(context)), copy_vectors<From, Element>, pairs.view1.as<From>(),
             pairs.view2.as<From>(), n, d, depth_, to);
    });
    view1_ = to;
    view2_ = to + n * depth_;
  }

  Similarities<Element> similarities(const ContrastPairs& pairs, std::int64_t anchors) const {
    return {.view1 = view1_,
            .view2 = view2_,
            .n = static_cast<int>(pairs.view1.shape.rows()),
            .depth = static_cast<int>(depth_),
            .first_anchor = static_cast<int>(pairs.first_anchor),
            .anchors = static_cast<int>(anchors),
            .within_views = pairs.within_views,
            .scale = std::numbers::log2e_v<float> / pairs.temperature,
            .lse = nullptr};
  }

 private:
  const Element *view1_, *view2_;
  std::int64_t depth_;
  std::optional<engine::Scratch> copy_;
};

/// Calls body(Tile*) with the tile type that multiplies these vectors.
template <class Body>
void with_tile(const ContrastPairs& pairs, Body&& body) {
  const bool shallow = pairs.view1.shape.cols() <= 64;
  if (pairs.view1.dtype == Dtype::bf16 || pairs.bf16_products) {
    shallow ? body(static_cast<TensorTile<64>*>(nullptr)) : body(static_cast<TensorTile<128>*>(nullptr));
  } else {
    shallow ? body(static_cast<ExactTile<64>*>(nullptr)) : body(static_cast<ExactTile<128>*>(nullptr));
  }
}

/// Splits the candidates into ranges when the anchors alone do not fill an H200. The split depends on sizes only.
template <class Tile>
Launch walk(const Similarities<typename Tile::Element>& s, int slices, const Context& context) {
#if defined(SIMT_INTERPRETER)
  constexpr int kBlocksAtOnce = 8;  // few, so that blocks of small problems still process several tiles
#else
  constexpr int kBlocksAtOnce = 264;  // two on each of 132 multiprocessors
#endif
  const int blocks = 2 * s.template blocks_per_view<Tile>();
  const int ranges = std::clamp(kBlocksAtOnce / std::max(1, blocks * slices), 1, s.template tiles<Tile>());
  return {.grid = dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(ranges), static_cast<unsigned>(slices)),
          .block = dim3(kThreads),
          .stream = stream(context),
          .shared_bytes = sizeof(WalkMemory<Tile>)};
}

}  // namespace kernels::cuda
