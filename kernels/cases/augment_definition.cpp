#include "kernels/cases/augment_definition.h"

#include <algorithm>
#include <cmath>

namespace kernels {
namespace {

double keys(double x) {
  x = std::abs(x);
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

double clip(double x) { return std::clamp(x, 0.0, 1.0); }

struct Hsv {
  double hue, saturation, value;  // hue: 0 to 1, of a full turn
};

Hsv to_hsv(const double* rgb) {
  const double top = std::max({rgb[0], rgb[1], rgb[2]}), chroma = top - std::min({rgb[0], rgb[1], rgb[2]});
  if (chroma == 0) return {0, 0, top};
  const double sixths = top == rgb[0]   ? (rgb[1] - rgb[2]) / chroma
                        : top == rgb[1] ? (rgb[2] - rgb[0]) / chroma + 2
                                        : (rgb[0] - rgb[1]) / chroma + 4;
  return {sixths / 6, chroma / top, top};
}

void to_rgb(const Hsv& hsv, double* rgb) {
  const double turns = hsv.hue - std::floor(hsv.hue), sixths = 6 * turns, f = sixths - std::floor(sixths);
  const double v = hsv.value, p = v * (1 - hsv.saturation), q = v * (1 - hsv.saturation * f),
               t = v * (1 - hsv.saturation * (1 - f));
  const double channels[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
  std::copy_n(channels[static_cast<int>(std::floor(sixths)) % 6], 3, rgb);
}

}  // namespace

std::vector<std::vector<double>> AugmentDefinition::resize_weights(std::int64_t in, std::int64_t out) const {
  std::vector<Values> all;
  for (std::int64_t i = 0; i < out; ++i) {
    Values weights(static_cast<std::size_t>(in), 0.0);
    double at = (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
    double sum = 0;
    if (rules_.interpolation == Interpolation::bicubic) {
      at = std::floor(at) + std::floor((at - std::floor(at)) * 1024 + 0.5) / 1024;
    } else {
      at = std::clamp(at, 0.0, static_cast<double>(in - 1));
    }
    for (std::int64_t j = 0; j < in; ++j) {
      const double away = static_cast<double>(j) - at;
      double& weight = weights[static_cast<std::size_t>(j)];
      weight = rules_.interpolation == Interpolation::bicubic ? keys(away) : std::max(0.0, 1 - std::abs(away));
      sum += weight;
    }
    for (double& weight : weights) weight /= sum;
    all.push_back(weights);
  }
  return all;
}

std::vector<double> AugmentDefinition::resized(const double* image, std::int64_t pitch,
                                               const AugmentationDraw& draw) const {
  const CropBox& box = draw.box;
  const auto rows = resize_weights(box.height, h_), columns = resize_weights(box.width, w_);
  Values view;
  for (std::int64_t i = 0; i < h_; ++i) {
    Values line(static_cast<std::size_t>(box.width * channels_), 0.0);  // blended vertically
    for (std::int64_t r = 0; r < box.height; ++r) {
      const double weight = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(r)];
      if (weight == 0) continue;
      const double* from = image + (box.y + r) * pitch + box.x * channels_;
      for (double& value : line) value += weight * *from++ / 255;
    }
    for (std::int64_t j = 0; j < w_; ++j) {
      const Values& weights = columns[static_cast<std::size_t>(draw.flip != 0 ? w_ - 1 - j : j)];
      for (std::int64_t c = 0; c < channels_; ++c) {
        double sum = 0;
        for (std::int64_t k = 0; k < box.width; ++k)
          sum += weights[static_cast<std::size_t>(k)] * line[static_cast<std::size_t>(k * channels_ + c)];
        view.push_back(sum);
      }
    }
  }
  return view;
}

template <class Body>
void AugmentDefinition::for_each_pixel(Values& view, const Body& body) const {
  for (std::int64_t i = 0; i < h_ * w_; ++i) body(view.data() + i * channels_);
}

void AugmentDefinition::change(Values& view, ColorOperation operation, const AugmentationDraw& draw) const {
  const bool of_colors = operation == ColorOperation::saturation || operation == ColorOperation::hue;
  if (of_colors && channels_ != 3) return;
  Values mean(static_cast<std::size_t>(channels_), 0.0);
  for (std::size_t i = 0; i < view.size(); ++i) { mean[i % mean.size()] += view[i] / static_cast<double>(h_ * w_); }
  for_each_pixel(view, [&](double* x) {
    if (of_colors) {
      Hsv hsv = to_hsv(x);
      if (operation == ColorOperation::saturation) {
        hsv.saturation = clip(hsv.saturation * static_cast<double>(draw.saturation));
      } else {
        hsv.hue += static_cast<double>(draw.hue);
      }
      to_rgb(hsv, x);
    }
    for (std::size_t c = 0; c < mean.size(); ++c) {
      const auto brightness = static_cast<double>(draw.brightness);
      if (operation == ColorOperation::brightness)
        x[c] = rules_.brightness == Brightness::add ? x[c] + brightness : x[c] * brightness;
      if (operation == ColorOperation::contrast) x[c] = (x[c] - mean[c]) * static_cast<double>(draw.contrast) + mean[c];
      x[c] = clip(x[c]);
    }
  });
}

std::vector<double> AugmentDefinition::blurred(const Values& view, double sigma) const {
  const auto radius = static_cast<std::int64_t>(std::floor(std::floor(static_cast<double>(h_) / 10) / 2));
  double sum = 0;
  for (std::int64_t k = -radius; k <= radius; ++k) sum += std::exp(-static_cast<double>(k * k) / (2 * sigma * sigma));
  const auto along = [&](const Values& from, bool down) {
    Values to(from.size(), 0.0);
    for (std::int64_t i = 0; i < h_ * w_; ++i) {
      for (std::int64_t k = -radius; k <= radius; ++k) {
        const std::int64_t row = i / w_ + (down ? k : 0), column = i % w_ + (down ? 0 : k);
        if (row < 0 || row >= h_ || column < 0 || column >= w_) continue;
        const double weight = std::exp(-static_cast<double>(k * k) / (2 * sigma * sigma)) / sum;
        for (std::int64_t c = 0; c < channels_; ++c) {
          to[static_cast<std::size_t>(i * channels_ + c)] +=
              weight * from[static_cast<std::size_t>((row * w_ + column) * channels_ + c)];
        }
      }
    }
    return to;
  };
  return along(along(view, true), false);
}

std::vector<double> AugmentDefinition::view(const double* image, std::int64_t pitch,
                                            const AugmentationDraw& draw) const {
  Values view = resized(image, pitch, draw);
  if (rules_.jitter > 0 && draw.jitter != 0) {
    for (int place = 0; place < kColorOperations; ++place) change(view, draw.operation(place), draw);
  }
  if (rules_.gray > 0 && draw.gray != 0 && channels_ == 3) {
    for_each_pixel(view, [](double* x) { x[0] = x[1] = x[2] = 0.2989 * x[0] + 0.587 * x[1] + 0.114 * x[2]; });
  }
  std::ranges::transform(view, view.begin(), clip);
  if (rules_.blur > 0 && draw.sigma > 0) view = blurred(view, static_cast<double>(draw.sigma));
  std::ranges::transform(view, view.begin(), clip);
  return view;
}

}  // namespace kernels
