#pragma once
#include "kernels/runtime/host_device.h"

/// Operations on the colours of a pixel, for float or for the CPU's vectors of floats, V. They are TensorFlow's
/// adjust_contrast, adjust_saturation, adjust_hue and rgb_to_grayscale, which SimCLR's code calls.
namespace kernels::color {

template <class V>
HOST_DEVICE inline V lesser(V a, V b) {
  return a < b ? a : b;
}
template <class V>
HOST_DEVICE inline V greater(V a, V b) {
  return a > b ? a : b;
}
template <class V>
HOST_DEVICE inline V clipped(V x) {
  return lesser(greater(x, V{}), V{} + 1.0f);
}

/// Away from the channel's mean, or towards it.
template <class V>
HOST_DEVICE inline V contrast(V x, float mean, float factor) {
  return (x - mean) * factor + mean;
}

/// S of HSV is multiplied and clipped to [0,1]; H and V stay: each channel's distance from the largest one changes by
/// the same factor.
template <class V>
HOST_DEVICE inline void saturate(V& r, V& g, V& b, float factor) {
  const V zero{}, top = greater(r, greater(g, b)), range = top - lesser(r, lesser(g, b));
  const V saturation = top > zero ? range / top : zero;
  const V wanted = clipped(saturation * factor) * top;
  const V ratio = range > zero ? wanted / range : zero;
  r = top - (top - r) * ratio;
  g = top - (top - g) * ratio;
  b = top - (top - b) * ratio;
}

/// Adds `turns`, from -1/2 to 1/2 of a full turn, to H of HSV. The largest and the smallest channel stay what they are.
template <class V>
HOST_DEVICE inline void turn_hue(V& r, V& g, V& b, float turns) {
  const V zero{}, six = zero + 6.0f;
  const V top = greater(r, greater(g, b)), range = top - lesser(r, lesser(g, b));
  const V over = range > zero ? 1.0f / range : zero;
  const V sector = r == top ? (g - b) * over : g == top ? (b - r) * over + 2.0f : (r - g) * over + 4.0f;  // -1 to 5
  const V turned = sector + 6.0f * turns + 6.0f;                                                          // 2 to 14
  const auto channel = [&](float first) {
    V k = turned + first;  // below 19, and 0 to 6 once whole turns are taken away
    k = k < six ? k : k - six;
    k = k < six ? k : k - six;
    k = k < six ? k : k - six;
    return top - range * clipped(lesser(k, 4.0f - k));
  };
  r = channel(5);
  g = channel(3);
  b = channel(1);
}

template <class V>
HOST_DEVICE inline V gray(V r, V g, V b) {
  return 0.2989f * r + 0.5870f * g + 0.1140f * b;
}

}  // namespace kernels::color
