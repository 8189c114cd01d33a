#include "kernels/augment.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

#include "kernels/cpu/box_resizer.h"
#include "kernels/cpu/view_blur.h"
#include "kernels/cpu/view_colors.h"
#include "kernels/float_types.h"

namespace kernels::cpu {
namespace {

/// Makes views, one after another, in memory of its own: about [C,h,w] floats, which stay in a core's cache.
template <class T>
class ViewMaker {
 public:
  explicit ViewMaker(const Augment& args)
      : args_(args),
        channels_(args.channels()),
        h_(args.y.shape[2]),
        w_(args.y.shape[3]),
        resizer_(h_, w_, channels_, args.rules.interpolation),
        planes_(static_cast<std::size_t>(channels_ * h_ * w_)),
        finished_(static_cast<std::size_t>(channels_ * w_)),
        rounded_(finished_.size()),
        bits_(static_cast<std::size_t>(args.bit_planes)) {
    if (args.rules.blur > 0 && blur_radius(h_) > 0) blur_.emplace(h_, w_);
  }

  /// The view `i` = (view, image).
  void make(std::int64_t i) {
    const std::int64_t image = i % args_.y.shape[1];
    const auto* extent = args_.extents.as<std::int32_t>() + 2 * image;
    const AugmentationDraw draw = read_draw(args_.draws.as<std::int32_t>() + kDrawWords * i);
    resizer_.start({.first = args_.pixels.as<std::uint8_t>() + args_.offsets.as<std::int64_t>()[image],
                    .height = extent[0],
                    .width = extent[1],
                    .channels = channels_},
                   draw.box, draw.flip != 0);
    if (args_.bit_planes > 0) note_bits(args_.bits.as<std::int64_t>()[args_.bits.shape.rank() == 1 ? image : i]);

    ViewColors colors(args_.rules, draw, channels_);
    const bool blurred = blur_ && draw.sigma > 0;
    T* y = args_.y.as<T>() + i * h_ * row_size();
    if (!colors.has_contrast() && !blurred) {  // each row is finished at once
      for (std::int64_t k = 0; k < h_; ++k) {
        resizer_.row(k, finished_.data(), w_);
        colors.before(finished_.data(), w_, w_);
        write(y + k * row_size());
      }
      return;
    }
    const std::int64_t plane = h_ * w_;
    for (std::int64_t k = 0; k < h_; ++k) {
      resizer_.row(k, planes_.data() + k * w_, plane);
      colors.before(planes_.data() + k * w_, plane, w_);
    }
    if (colors.has_contrast())
      for (std::int64_t k = 0; k < h_; ++k) colors.after(planes_.data() + k * w_, plane, w_);
    if (blurred) blur_->start(draw.sigma);
    for (std::int64_t k = 0; k < h_; ++k) {
      for (std::int64_t c = 0; c < channels_; ++c) {
        const float* from = planes_.data() + c * plane;
        float* to = finished_.data() + c * w_;
        if (blurred)
          blur_->row(from, k, to);
        else
          std::copy_n(from + k * w_, w_, to);
      }
      write(y + k * row_size());
    }
  }

 private:
  std::int64_t row_size() const { return w_ * args_.y.shape[4]; }

  void note_bits(std::int64_t bits) {
    for (std::size_t p = 0; p < bits_.size(); ++p)
      bits_[p] = T(static_cast<float>(static_cast<std::uint64_t>(bits) >> p & 1u));
  }

  /// The finished row, rounded, with the bits.
  void write(T* out) {
    for_each_vector(channels_ * w_, [this]<class V>(std::int64_t j, V) {
      store(rounded_.data() + j, load_as<V>(finished_.data() + j));
    });
    const auto interleave = [&](auto channels) {
      for (std::int64_t j = 0; j < w_; ++j) {
        for (std::int64_t c = 0; c < channels; ++c) *out++ = rounded_[static_cast<std::size_t>(c * w_ + j)];
        out = std::copy(bits_.begin(), bits_.end(), out);
      }
    };
    switch (channels_) {  // a constant number of channels unrolls the inner loop
      case 1: return interleave(std::integral_constant<std::int64_t, 1>());
      case 3: return interleave(std::integral_constant<std::int64_t, 3>());
      default: return interleave(channels_);
    }
  }

  const Augment& args_;
  std::int64_t channels_, h_, w_;
  BoxResizer resizer_;
  std::optional<ViewBlur> blur_;
  std::vector<float> planes_;    // [C,h,w]
  std::vector<float> finished_;  // [C,w]: one row
  std::vector<T> rounded_;       // the same
  std::vector<T> bits_;          // [bit_planes]
};

template <class T>
void augment_all(const Context& context, const Augment& args) {
  const std::int64_t count = args.y.shape[0] * args.y.shape[1];
#pragma omp parallel num_threads(context.threads())
  {
    ViewMaker<T> maker(args);
#pragma omp for schedule(dynamic)  // views differ in size and in what is done with them
    for (std::int64_t i = 0; i < count; ++i) maker.make(i);
  }
}

}  // namespace

void augment(const Context& context, const Augment& args) {
  expect_valid(args);
  if (args.y.shape.elements() == 0) return;
  with_float_type(args.y.dtype, [&](auto* type) { augment_all<std::remove_pointer_t<decltype(type)>>(context, args); });
}

}  // namespace kernels::cpu
