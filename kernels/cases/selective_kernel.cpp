#include "kernels/cases/selective_kernel.h"

#include <cmath>
#include <utility>

namespace kernels {
namespace {

constexpr double kRounding = 0x1p-23;

double rounding(Dtype dtype) { return dtype == Dtype::bf16 ? 0x1p-8 : kRounding; }

CaseBuffer tensor(const StreamExample& p, const Shape& shape, std::vector<double> values) {
  return {.shape = shape, .values = std::move(values), .dtype = p.dtype, .skewed = p.skewed};
}
/// The result of a few operations in f32, rounded once.
CaseBuffer result(const StreamExample& p, const Shape& shape, std::vector<double> values = {}) {
  CaseBuffer y = tensor(p, shape, std::move(values));
  y.tolerance = 4 * rounding(p.dtype);
  return y;
}
/// The tolerance of a sum over the pixels in f32: errors of the additions grow with their number at most.
double sum_tolerance(const StreamExample& p, Dtype dtype) {
  return 2 * rounding(dtype) + static_cast<double>(p.pixels()) * kRounding;
}

std::string name_of(const StreamExample& p, bool accumulate = false) {
  return engine::concat(engine::name(p.dtype), ' ', p.streams(), accumulate ? ", added" : "",
                        p.skewed ? ", skewed" : "", p.wants_dx ? "" : ", without dx",
                        p.wants_dlogits ? "" : ", without dlogits");
}

/// An element of x, of logits, and of one stream's pixels or pooled images.
std::size_t at(const StreamExample& p, std::int64_t image, std::int64_t pixel, std::int64_t c, int stream) {
  return static_cast<std::size_t>(((image * p.pixels() + pixel) * 2 + stream) * p.c + c);
}
std::size_t logit(const StreamExample& p, std::int64_t image, std::int64_t c, int stream) {
  return static_cast<std::size_t>((image * 2 + stream) * p.c + c);
}
std::size_t in_row(const StreamExample& p, std::int64_t row, std::int64_t c) {
  return static_cast<std::size_t>(row * p.c + c);
}

/// body(image, pixel, c)
template <class Body>
void for_each_element(const StreamExample& p, const Body& body) {
  for (std::int64_t i = 0; i < p.merged().elements(); ++i) {
    body(i / (p.pixels() * p.c), i / p.c % p.pixels(), i % p.c);
  }
}

double weight(const StreamExample& p, const std::vector<double>& logits, std::int64_t image, std::int64_t c,
              int stream) {
  return 1 / (1 + std::exp(logits[logit(p, image, c, 1 - stream)] - logits[logit(p, image, c, stream)]));
}

std::vector<double> merged(const StreamExample& p, const std::vector<double>& x, const std::vector<double>& logits) {
  std::vector<double> y(static_cast<std::size_t>(p.merged().elements()));
  for_each_element(p, [&](std::int64_t image, std::int64_t pixel, std::int64_t c) {
    for (const int stream : {0, 1}) {
      y[in_row(p, image * p.pixels() + pixel, c)] +=
          weight(p, logits, image, c, stream) * x[at(p, image, pixel, c, stream)];
    }
  });
  return y;
}

std::vector<double> pooled(const StreamExample& p, const std::vector<double>& x) {
  std::vector<double> y(static_cast<std::size_t>(p.pooled().elements()));
  for_each_element(p, [&](std::int64_t image, std::int64_t pixel, std::int64_t c) {
    for (const int stream : {0, 1}) {
      y[in_row(p, image, c)] += x[at(p, image, pixel, c, stream)] / static_cast<double>(p.pixels());
    }
  });
  return y;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void begin(std::vector<double>& gradient, bool accumulate) {
  if (!accumulate) gradient.assign(gradient.size(), 0);
}

}  // namespace

KernelCase<StreamPoolForward> stream_pool_forward_case(const StreamExample& p, std::vector<double> x) {
  constexpr std::size_t kX = 0, kY = 1;
  CaseBuffer y = result(p, p.pooled());
  y.tolerance = sum_tolerance(p, p.dtype);
  return {.name = name_of(p),
          .buffers = {tensor(p, p.streams(), std::move(x)), y},
          .arguments = [](const std::vector<View>& on) { return StreamPoolForward{.x = on[kX], .y = on[kY]}; },
          .definition = [p](CaseValues& v) { v[kY] = pooled(p, v[kX]); }};
}

KernelCase<StreamPoolBackward> stream_pool_backward_case(const StreamExample& p, std::vector<double> dy,
                                                         std::vector<double> dx, std::vector<double> x) {
  // x is not a buffer of the kernel: it is there to differentiate by.
  constexpr std::size_t kDy = 0, kDx = 1, kX = 2;
  const bool accumulate = !dx.empty(), compares = !x.empty();
  const Shape extra{static_cast<std::int64_t>(x.size())};
  KernelCase<StreamPoolBackward> backward{
      .name = name_of(p, accumulate),
      .buffers = {tensor(p, p.pooled(), std::move(dy)),
                  result(p, p.streams(), std::move(dx)),
                  {.shape = extra, .values = std::move(x), .dtype = Dtype::f64}},
      .arguments =
          [accumulate](const std::vector<View>& on) {
            return StreamPoolBackward{.dy = on[kDy], .dx = {on[kDx], accumulate}};
          },
      .definition =
          [p, accumulate](CaseValues& v) {
            begin(v[kDx], accumulate);
            for_each_element(p, [&](std::int64_t image, std::int64_t pixel, std::int64_t c) {
              for (const int stream : {0, 1}) {
                v[kDx][at(p, image, pixel, c, stream)] += v[kDy][in_row(p, image, c)] / static_cast<double>(p.pixels());
              }
            });
          }};
  if (compares) {
    backward.gradients = {{.result = kDx, .variable = kX, .value = [p](const CaseValues& v) {
                             return product(v[kDy], pooled(p, v[kX]));
                           }}};
  }
  return backward;
}

KernelCase<StreamMergeForward> stream_merge_forward_case(const StreamExample& p, std::vector<double> x,
                                                         std::vector<double> logits) {
  constexpr std::size_t kX = 0, kLogits = 1, kY = 2;
  return {.name = name_of(p),
          .buffers = {tensor(p, p.streams(), std::move(x)),
                      {.shape = p.logits(), .values = std::move(logits)},
                      result(p, p.merged())},
          .arguments =
              [](const std::vector<View>& on) {
                return StreamMergeForward{.x = on[kX], .logits = on[kLogits], .y = on[kY]};
              },
          .definition = [p](CaseValues& v) { v[kY] = merged(p, v[kX], v[kLogits]); }};
}

KernelCase<StreamMergeBackward> stream_merge_backward_case(const StreamExample& p,
                                                           const StreamMergeContents& contents) {
  constexpr std::size_t kX = 0, kLogits = 1, kDy = 2, kDx = 3, kDlogits = 4;
  const bool adds_dx = !contents.dx.empty(), adds_dlogits = !contents.dlogits.empty();
  const Shape none{0};
  KernelCase<StreamMergeBackward> backward{
      .name = name_of(p, adds_dx),
      .buffers = {tensor(p, p.streams(), contents.x),
                  {.shape = p.logits(), .values = contents.logits},
                  tensor(p, p.merged(), contents.dy),
                  result(p, p.wants_dx ? p.streams() : none, contents.dx),
                  {.shape = p.wants_dlogits ? p.logits() : none,
                   .values = contents.dlogits,
                   .tolerance = sum_tolerance(p, Dtype::f32)}},
      .arguments =
          [=](const std::vector<View>& on) {
            return StreamMergeBackward{
                .x = on[kX],
                .logits = on[kLogits],
                .dy = on[kDy],
                .dx = p.wants_dx ? Destination{on[kDx], adds_dx} : Destination{},
                .dlogits = p.wants_dlogits ? Destination{on[kDlogits], adds_dlogits} : Destination{}};
          },
      .definition =
          [=](CaseValues& v) {
            begin(v[kDx], adds_dx);
            begin(v[kDlogits], adds_dlogits);
            for_each_element(p, [&](std::int64_t image, std::int64_t pixel, std::int64_t c) {
              const double dy = v[kDy][in_row(p, image * p.pixels() + pixel, c)];
              const double a = weight(p, v[kLogits], image, c, 0), b = weight(p, v[kLogits], image, c, 1);
              const std::size_t first = at(p, image, pixel, c, 0), second = at(p, image, pixel, c, 1);
              if (p.wants_dx) {
                v[kDx][first] += a * dy;
                v[kDx][second] += b * dy;
              }
              if (!p.wants_dlogits) return;
              const double gradient = a * b * dy * (v[kX][first] - v[kX][second]);
              v[kDlogits][logit(p, image, c, 0)] += gradient;
              v[kDlogits][logit(p, image, c, 1)] -= gradient;
            });
          }};
  if (contents.has_gradient) {
    const auto value = [p](const CaseValues& v) { return product(v[kDy], merged(p, v[kX], v[kLogits])); };
    backward.gradients = {{.result = kDx, .variable = kX, .value = value},
                          {.result = kDlogits, .variable = kLogits, .value = value}};
  }
  return backward;
}

}  // namespace kernels
