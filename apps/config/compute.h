#pragma once
#include <cstdint>

#include "kernels/runtime/device.h"
#include "kernels/runtime/dtype.h"
#include "kernels/runtime/names.h"

namespace apps {

/// Precision of matrix products and convolutions. Sums, parameters, gradients and losses are f32.
enum class Precision { fp32, tf32, bf16 };

/// As what gradients are sent to other ranks.
enum class SentGradients { fp32, bf16 };

/// The dtype of images and activations, and so of the layers' arithmetic.
constexpr engine::Dtype activation_dtype(Precision precision) {
  switch (precision) {
    case Precision::fp32:
    case Precision::tf32: return engine::Dtype::f32;
    case Precision::bf16: return engine::Dtype::bf16;
  }
  return engine::Dtype::f32;
}

/// Where and how a program computes: the options of its context.
struct Compute {
  engine::Device device;
  std::int64_t threads = 0;  ///< 0: see choose_threads
  Precision precision = Precision::fp32;
  bool repeatable = true;  ///< the same bits every time, also on a GPU
  bool operator==(const Compute&) const = default;
};

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::Precision> = {"fp32", "tf32", "bf16"};
template <>
inline constexpr std::array engine::kNames<apps::SentGradients> = {"fp32", "bf16"};
