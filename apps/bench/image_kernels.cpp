#include <span>

#include "apps/bench/buffers.h"
#include "kernels/augment.h"
#include "kernels/batch_norm.h"
#include "kernels/cases/add_bias.h"
#include "kernels/cases/average_pool.h"
#include "kernels/cases/elementwise.h"
#include "kernels/cases/reduce.h"
#include "kernels/cases/selective_kernel.h"
#include "kernels/conv2d.h"
#include "kernels/draw_augmentations.h"
#include "kernels/elementwise.h"
#include "kernels/global_average_pool.h"
#include "kernels/max_pool.h"
#include "kernels/reduce.h"

namespace apps {
namespace {

using engine::Shape;
using engine::Tensor;

/// The activations of ResNet-50's first group.
Shape images(const Buffers& b) { return {b.sizes().images, 56, 56, 64}; }
kernels::ElementwiseExample pictures(const Buffers& b) { return {.shape = images(b), .dtype = b.sizes().activations}; }

KernelWork fill(Buffers& b) { return b.work(kernels::fill, {.value = 1, .y = b.output(images(b))}); }
KernelWork scale(Buffers& b) {
  return b.work(kernels::scale, {.x = b.random(images(b)), .alpha = 2, .y = {b.output(images(b))}});
}
KernelWork scale_by(Buffers& b) {
  return b.work(kernels::scale_by, scale_by_case(pictures(b), normal_values(images(b).elements())));
}
KernelWork add(Buffers& b) {
  return b.work(kernels::add, {.a = b.random(images(b)), .b = b.random(images(b)), .y = b.output(images(b))});
}
KernelWork multiply(Buffers& b) {
  return b.work(kernels::multiply, {.a = b.random(images(b)), .b = b.random(images(b)), .y = {b.output(images(b))}});
}
KernelWork add_bias(Buffers& b) {
  return b.work(kernels::add_bias,
                kernels::add_bias_case(images(b), b.sizes().activations, normal_values(images(b).cols()),
                                       normal_values(images(b).elements())));
}
KernelWork broadcast(Buffers& b) {
  const Tensor y = b.output(images(b));
  return b.work(kernels::broadcast, {.scalar = b.random_f32(Shape()), .y = {y}});
}
KernelWork relu_forward(Buffers& b) {
  return b.work(kernels::relu_forward, {.x = b.random(images(b)), .y = b.output(images(b))});
}
KernelWork relu_backward(Buffers& b) {
  return b.work(kernels::relu_backward,
                {.dy = b.random(images(b)), .y = b.random(images(b)), .dx = {b.output(images(b))}});
}
KernelWork scaled_difference(Buffers& b) {
  const std::vector<double> x = normal_values(images(b).elements());
  return b.work(kernels::scaled_difference, scaled_difference_case(pictures(b), 1, x, x));
}
KernelWork squared_distance(Buffers& b) {
  const std::vector<double> x = normal_values(images(b).elements());
  return b.work(kernels::squared_distance,
                kernels::squared_distance_case({.shape = images(b), .dtype = b.sizes().activations}, x, x));
}
KernelWork sum(Buffers& b) { return b.work(kernels::sum, {.x = b.random(images(b)), .y = b.output_f32(Shape())}); }

/// Batch norm with a residual and a ReLU: the end of a ResNet block.
struct Norm {
  explicit Norm(Buffers& b)
      : x(b.random(images(b))),
        mean(b.random_f32({64})),
        inv_std(b.positive_f32({64})),
        gamma(b.positive_f32({64})),
        beta(b.random_f32({64})) {}
  Tensor x, mean, inv_std, gamma, beta;
};
KernelWork batch_norm_moments(Buffers& b) {
  return b.work(kernels::batch_norm_moments,
                {.x = b.random(images(b)), .moments = b.zeros({3, 64}, engine::Dtype::f64)});
}
KernelWork batch_norm_merge(Buffers& b) {  // of 8 ranks
  return b.work(kernels::batch_norm_merge, {.parts = b.of({8, 3, 2048}, std::vector<double>(8 * 3 * 2048, 2)),
                                            .moments = b.zeros({3, 2048}, engine::Dtype::f64)});
}
KernelWork batch_norm_finish(Buffers& b) {
  return b.work(kernels::batch_norm_finish, {.moments = b.of({3, 2048}, std::vector<double>(3 * 2048, 2)),
                                             .mean = b.output_f32({2048}),
                                             .inv_std = b.output_f32({2048}),
                                             .running_mean = b.output_f32({2048}),
                                             .running_variance = b.output_f32({2048}),
                                             .batches = b.zeros(Shape(), engine::Dtype::i64),
                                             .epsilon = 1e-5f,
                                             .momentum = 0.9f,
                                             .unbiased = true});
}
KernelWork batch_norm_running(Buffers& b) {
  return b.work(kernels::batch_norm_running, {.running_mean = b.random_f32({2048}),
                                              .running_variance = b.positive_f32({2048}),
                                              .mean = b.output_f32({2048}),
                                              .inv_std = b.output_f32({2048}),
                                              .epsilon = 1e-5f});
}
KernelWork batch_norm_apply(Buffers& b) {
  const Norm n(b);
  return b.work(kernels::batch_norm_apply, {.x = n.x,
                                            .residual = b.random(images(b)),
                                            .mean = n.mean,
                                            .inv_std = n.inv_std,
                                            .gamma = n.gamma,
                                            .beta = n.beta,
                                            .y = b.output(images(b)),
                                            .relu = true});
}
KernelWork batch_norm_backward_sums(Buffers& b) {
  const Norm n(b);
  return b.work(kernels::batch_norm_backward_sums, {.x = n.x,
                                                    .dy = b.random(images(b)),
                                                    .y = b.random(images(b)),
                                                    .mean = n.mean,
                                                    .inv_std = n.inv_std,
                                                    .gamma = n.gamma,
                                                    .beta = n.beta,
                                                    .sums = b.output_f32({2, 64}),
                                                    .dgamma = {b.output_f32({64})},
                                                    .dbeta = {b.output_f32({64})},
                                                    .relu = true});
}
KernelWork batch_norm_backward_apply(Buffers& b) {
  const Norm n(b);
  return b.work(kernels::batch_norm_backward_apply,
                {.x = n.x,
                 .dy = b.random(images(b)),
                 .y = b.random(images(b)),
                 .mean = n.mean,
                 .inv_std = n.inv_std,
                 .gamma = n.gamma,
                 .beta = n.beta,
                 .sums = b.random_f32({2, 64}),
                 .rows = b.of({1, 64}, std::vector<double>(64, static_cast<double>(n.x.shape().rows()))),
                 .dx = {b.output(images(b))},
                 .dresidual = {b.output(images(b))},
                 .relu = true});
}

/// ResNet's stem: 3x3 windows with stride 2.
kernels::PoolGeometry stem_pool(const Buffers& b) {
  return {.n = b.sizes().images,
          .h = 112,
          .w = 112,
          .c = 64,
          .window = 3,
          .stride = 2,
          .rows = {.before = 1, .after = 1},
          .columns = {.before = 1, .after = 1}};
}
KernelWork max_pool_forward(Buffers& b) {
  const kernels::PoolGeometry g = stem_pool(b);
  return b.work(kernels::max_pool_forward, {.g = g,
                                            .x = b.random({g.n, g.h, g.w, g.c}),
                                            .y = b.output({g.n, g.p(), g.q(), g.c}),
                                            .taps = b.zeros({g.n, g.p(), g.q(), g.c}, engine::Dtype::u8)});
}
KernelWork max_pool_backward(Buffers& b) {
  const kernels::PoolGeometry g = stem_pool(b);
  const Shape pooled{g.n, g.p(), g.q(), g.c};
  const Tensor dx = b.output({g.n, g.h, g.w, g.c}), taps = b.zeros(pooled, engine::Dtype::u8);
  kernels::max_pool_forward(
      b.context(),
      {.g = g, .x = Tensor::zeros(b.context(), dx.shape(), dx.dtype()), .y = b.output(pooled), .taps = taps});
  return b.work(kernels::max_pool_backward, {.g = g, .dy = b.random(pooled), .taps = taps, .dx = {dx}});
}
/// ResNet-D's shortcut into the second group: 2x2 windows with stride 2.
kernels::AveragePoolExample shortcut_pool(const Buffers& b) {
  return {.g = {.n = b.sizes().images,
                .h = 56,
                .w = 56,
                .c = 256,
                .window = 2,
                .stride = 2,
                .rows = {.after = 1},
                .columns = {.after = 1}},
          .counts_padding = true,
          .dtype = b.sizes().activations};
}
KernelWork average_pool_forward(Buffers& b) {
  const kernels::AveragePoolExample pool = shortcut_pool(b);
  return b.work(kernels::average_pool_forward,
                average_pool_forward_case(pool, normal_values(pool.images().elements())));
}
KernelWork average_pool_backward(Buffers& b) {
  const kernels::AveragePoolExample pool = shortcut_pool(b);
  return b.work(kernels::average_pool_backward,
                average_pool_backward_case(pool, normal_values(pool.pooled().elements())));
}

/// The selective kernels of ResNet-50's second group.
kernels::StreamExample streams(const Buffers& b) {
  return {.n = b.sizes().images, .h = 28, .w = 28, .c = 128, .dtype = b.sizes().activations};
}
KernelWork stream_pool_forward(Buffers& b) {
  return b.work(kernels::stream_pool_forward,
                stream_pool_forward_case(streams(b), normal_values(streams(b).streams().elements())));
}
KernelWork stream_pool_backward(Buffers& b) {
  return b.work(kernels::stream_pool_backward,
                stream_pool_backward_case(streams(b), normal_values(streams(b).pooled().elements())));
}
KernelWork stream_merge_forward(Buffers& b) {
  return b.work(kernels::stream_merge_forward,
                stream_merge_forward_case(streams(b), normal_values(streams(b).streams().elements()),
                                          normal_values(streams(b).logits().elements())));
}
KernelWork stream_merge_backward(Buffers& b) {
  return b.work(kernels::stream_merge_backward,
                stream_merge_backward_case(streams(b), {.x = normal_values(streams(b).streams().elements()),
                                                        .logits = normal_values(streams(b).logits().elements()),
                                                        .dy = normal_values(streams(b).merged().elements())}));
}

KernelWork global_average_pool_forward(Buffers& b) {
  return b.work(kernels::global_average_pool_forward,
                {.x = b.random({b.sizes().images, 7, 7, 2048}), .y = b.output({b.sizes().images, 2048})});
}
KernelWork global_average_pool_backward(Buffers& b) {
  const Tensor dx = b.output({b.sizes().images, 7, 7, 2048});
  return b.work(kernels::global_average_pool_backward, {.dy = b.random({b.sizes().images, 2048}), .dx = {dx}});
}

/// The 3x3 convolutions of ResNet-50's second group.
struct Convolution {
  explicit Convolution(Buffers& b)
      : g{.n = b.sizes().images, .h = 28, .w = 28, .c = 128, .k = 128, .r = 3, .s = 3, .stride = 1, .pad = 1},
        x(b.random({g.n, g.h, g.w, g.c})),
        weight(b.random({g.k, g.r, g.s, g.c})),
        y(b.random({g.n, g.p(), g.q(), g.k})) {}
  kernels::Conv2dGeometry g;
  Tensor x, weight, y;
};
KernelWork conv2d_forward(Buffers& b) {
  const Convolution c(b);
  return b.work(kernels::conv2d_forward, {.g = c.g, .x = c.x, .weight = c.weight, .y = c.y});
}
KernelWork conv2d_dgrad(Buffers& b) {
  const Convolution c(b);
  return b.work(kernels::conv2d_dgrad, {.g = c.g, .dy = c.y, .weight = c.weight, .dx = {c.x}});
}
KernelWork conv2d_wgrad(Buffers& b) {
  const Convolution c(b);
  return b.work(kernels::conv2d_wgrad,
                {.g = c.g, .dy = c.y, .x = c.x, .dweight = {b.output_f32({c.g.k, c.g.r, c.g.s, c.g.c})}});
}

/// Photographs, and what SimCLR draws for two views of each.
struct Photographs {
  explicit Photographs(Buffers& b)
      : images(b.sizes().images),
        pixels(b.bytes({images * kHeight * kWidth * 3})),
        offsets(b.zeros({images}, engine::Dtype::i64)),
        extents(b.zeros({images, 2}, engine::Dtype::i32)),
        counters(b.words({images})),
        draws(b.zeros({2, images, kernels::kDrawWords}, engine::Dtype::i32)) {
    std::vector<std::int64_t> begins;
    std::vector<std::int32_t> sizes;
    for (std::int64_t i = 0; i < images; ++i) {
      begins.push_back(i * kHeight * kWidth * 3);
      sizes.insert(sizes.end(), {kHeight, kWidth});
    }
    offsets.upload(std::span<const std::int64_t>(begins));
    extents.upload(std::span<const std::int32_t>(sizes));
    kernels::draw_augmentations(b.context(), draw());
  }
  kernels::DrawAugmentations draw() const {
    return {.seed = 1,
            .rules = kRules,
            .height = kView,
            .width = kView,
            .extents = extents,
            .counters = counters,
            .draws = draws};
  }

  static constexpr std::int32_t kHeight = 375, kWidth = 500;
  static constexpr std::int64_t kView = 224;
  static constexpr kernels::AugmentationRules kRules{.crop = kernels::CropRule::simclr,
                                                     .interpolation = kernels::Interpolation::bicubic,
                                                     .flip = 0.5,
                                                     .jitter = 0.8,
                                                     .gray = 0.2,
                                                     .blur = 0.5};
  std::int64_t images;
  Tensor pixels, offsets, extents, counters, draws;
};
KernelWork draw_augmentations(Buffers& b) { return b.work(kernels::draw_augmentations, Photographs(b).draw()); }
KernelWork augment(Buffers& b) {
  const Photographs p(b);
  return b.work(kernels::augment, {.rules = Photographs::kRules,
                                   .pixels = p.pixels,
                                   .offsets = p.offsets,
                                   .extents = p.extents,
                                   .draws = p.draws,
                                   .bits = b.words({p.images}),
                                   .y = b.output({2, p.images, Photographs::kView, Photographs::kView, 3})});
}

}  // namespace

std::vector<KernelEntry> image_kernels() {
  return {{"fill", fill},
          {"broadcast", broadcast},
          {"scale", scale},
          {"scale_by", scale_by},
          {"add", add},
          {"multiply", multiply},
          {"scaled_difference", scaled_difference},
          {"add_bias", add_bias},
          {"relu_forward", relu_forward},
          {"relu_backward", relu_backward},
          {"sum", sum},
          {"squared_distance", squared_distance},
          {"batch_norm_moments", batch_norm_moments},
          {"batch_norm_merge", batch_norm_merge},
          {"batch_norm_finish", batch_norm_finish},
          {"batch_norm_running", batch_norm_running},
          {"batch_norm_apply", batch_norm_apply},
          {"batch_norm_backward_sums", batch_norm_backward_sums},
          {"batch_norm_backward_apply", batch_norm_backward_apply},
          {"max_pool_forward", max_pool_forward},
          {"max_pool_backward", max_pool_backward},
          {"average_pool_forward", average_pool_forward},
          {"average_pool_backward", average_pool_backward},
          {"stream_pool_forward", stream_pool_forward},
          {"stream_pool_backward", stream_pool_backward},
          {"stream_merge_forward", stream_merge_forward},
          {"stream_merge_backward", stream_merge_backward},
          {"global_average_pool_forward", global_average_pool_forward},
          {"global_average_pool_backward", global_average_pool_backward},
          {"conv2d_forward", conv2d_forward},
          {"conv2d_dgrad", conv2d_dgrad},
          {"conv2d_wgrad", conv2d_wgrad},
          {"draw_augmentations", draw_augmentations},
          {"augment", augment}};
}

}  // namespace apps
