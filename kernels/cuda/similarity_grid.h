#pragma once
#include <optional>

#include "kernels/cuda/backend.h"
#include "kernels/cuda/similarity_walk.h"
#include "kernels/float_types.h"
#include "kernels/runtime/scratch.h"

/// The host side: prepares the rows and launches walks over similarities.
namespace kernels::cuda {

template <class From, class Element>
__global__ void __launch_bounds__(kThreads)
    copy_vectors(const From* first, std::int64_t first_rows, const From* second, std::int64_t second_rows,
                 std::int64_t d, std::int64_t depth, Element* to) {
  const std::int64_t elements = first_rows * depth, all = elements + second_rows * depth;
  for (std::int64_t i = first_in_grid(); i < all; i += grid_stride()) {
    const std::int64_t at = i < elements ? i : i - elements, k = at % depth;
    const From* from = i < elements ? first : second;
    narrow(to[i], k < d ? static_cast<float>(from[at / depth * d + k]) : 0.0f);
  }
}

/// All rows as a walk reads them: in place or, if their type differs or their vectors are not whole aligned pieces of
/// 16 bytes, a copy in which each vector is padded with zeros.
template <class Element>
class AlignedRows {
 public:
  AlignedRows(const Context& context, const Similarities& s) {
    const std::int64_t n = s.view1.shape.rows(), d = s.view1.shape.cols();
    const std::int64_t queue_rows = s.of_queue() ? s.queue.shape.rows() : 0;
    depth_ = round_up(d, kWidest<Element>);
    view1_ = static_cast<const Element*>(s.view1.data);
    view2_ = static_cast<const Element*>(s.view2.data);
    queue_ = static_cast<const Element*>(s.queue.data);
    const bool same_type = s.view1.dtype == engine::dtype_of<Element>;
    if (same_type && depth_ == d && aligned({view1_, view2_, queue_})) return;
    copy_.emplace(context, static_cast<std::size_t>((2 * n + queue_rows) * depth_) * sizeof(Element));
    auto* to = copy_->template as<Element>();
    with_float_type(s.view1.dtype, [&]<class From>(From*) {
      const auto copy = [&](const ConstView& first, const ConstView& second, std::int64_t second_rows,
                            Element* copied) {
        launch(strided((first.shape.rows() + second_rows) * depth_, stream(context)), copy_vectors<From, Element>,
               first.as<From>(), first.shape.rows(), second.as<From>(), second_rows, d, depth_, copied);
      };
      copy(s.view1, s.view2, n, to);
      if (queue_rows > 0) copy(s.queue, s.queue, 0, to + 2 * n * depth_);
    });
    view1_ = to;
    view2_ = to + n * depth_;
    queue_ = to + 2 * n * depth_;
  }

  Operands<Element> operands(const Similarities& s, std::int64_t anchors) const {
    return {.view1 = view1_,
            .view2 = view2_,
            .queue = queue_,
            .n = static_cast<int>(s.view1.shape.rows()),
            .queue_rows = static_cast<int>(s.of_queue() ? s.queue.shape.rows() : 0),
            .depth = static_cast<int>(depth_),
            .first_anchor = static_cast<int>(s.first_anchor),
            .anchors = static_cast<int>(anchors),
            .candidates = s.candidates,
            .fixed_scale = std::numbers::log2e_v<float> / s.temperature.value * s.sharpness,
            .temperature = s.temperature.now ? s.temperature.now.as<float>() : nullptr,
            .sharpness = std::numbers::log2e_v<float> * s.sharpness,
            .lse = nullptr};
  }

 private:
  const Element *view1_, *view2_, *queue_;
  std::int64_t depth_;
  std::optional<engine::Scratch> copy_;
};

/// Calls body(Tile*) with the tile type that multiplies these vectors.
template <class Body>
void with_tile(const Similarities& s, Body&& body) {
  const bool shallow = s.view1.shape.cols() <= 64;
  if (s.view1.dtype == Dtype::bf16 || s.bf16_products) {
    shallow ? body(static_cast<TensorTile<64>*>(nullptr)) : body(static_cast<TensorTile<128>*>(nullptr));
  } else {
    shallow ? body(static_cast<ExactTile<64>*>(nullptr)) : body(static_cast<ExactTile<128>*>(nullptr));
  }
}

/// Splits the candidates into ranges when the anchors alone do not fill an H200. The split depends on sizes only.
template <class Tile>
Launch walk(const Operands<typename Tile::Element>& s, int slices, const Context& context) {
#if defined(SIMT_INTERPRETER)
  constexpr int kBlocksAtOnce = 8;  // few, so that blocks of small problems still process several tiles
#else
  constexpr int kBlocksAtOnce = 264;  // two on each of 132 multiprocessors
#endif
  const int blocks = s.views() * s.template blocks_per_view<Tile>();
  const int ranges = std::clamp(kBlocksAtOnce / std::max(1, blocks * slices), 1, s.template tiles<Tile>());
  return {.grid = dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(ranges), static_cast<unsigned>(slices)),
          .block = dim3(kThreads),
          .stream = stream(context),
          .shared_bytes = sizeof(WalkMemory<Tile>)};
}

}  // namespace kernels::cuda
