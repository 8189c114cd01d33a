#pragma once
#include <vector>

#include "apps/bench/kernel_works.h"
#include "engine/tensor.h"
#include "kernels/cases/kernel_case.h"
#include "kernels/kernel.h"

namespace apps {

/// Sizes of the tensors that kernels are timed on.
struct KernelSizes {
  std::int64_t images = 64;
  std::int64_t rows = 4096, dim = 128;  ///< sizes of losses and linear layers
  engine::Dtype activations = engine::Dtype::f32;
};

/// Contents of a case: the beginning of normally distributed numbers, which repeat; and all rows of length 1 of them.
std::vector<double> normal_values(std::int64_t count);
std::vector<double> unit_row_values(std::int64_t rows, std::int64_t columns);

/// Allocates the tensors of a kernel, fills them on the device and keeps them alive with the work. The first tensor
/// describes the example.
class Buffers {
 public:
  Buffers(const engine::Context& context, const KernelSizes& sizes) : context_(context), sizes_(sizes) {}

  const KernelSizes& sizes() const { return sizes_; }

  /// Normally distributed numbers (a device's speed depends on its data), f32 or in the dtype of the activations.
  engine::Tensor random(engine::Shape shape) { return random(shape, sizes_.activations); }
  engine::Tensor random(engine::Shape shape, engine::Dtype dtype);
  engine::Tensor random_f32(engine::Shape shape) { return random(shape, engine::Dtype::f32); }
  /// Rows of length 1.
  engine::Tensor unit_rows(std::int64_t rows, std::int64_t columns, engine::Dtype dtype);
  engine::Tensor positive_f32(engine::Shape shape);
  engine::Tensor integers(engine::Shape shape, std::int32_t below);
  engine::Tensor words(engine::Shape shape);  ///< of 64 bits
  engine::Tensor bytes(engine::Shape shape);
  engine::Tensor output(engine::Shape shape) { return zeros(shape, sizes_.activations); }
  engine::Tensor output_f32(engine::Shape shape) { return zeros(shape, engine::Dtype::f32); }
  engine::Tensor zeros(engine::Shape shape, engine::Dtype dtype);
  template <class T>
  engine::Tensor of(engine::Shape shape, const std::vector<T>& values) {
    return keep(engine::Tensor::from(context_, shape, values));
  }

  /// The memory of a case's buffers: their contents, or zeros.
  std::vector<engine::View> views_of(const std::vector<kernels::CaseBuffer>& buffers);

  template <class Args>
  KernelWork work(const kernels::Kernel<Args>& kernel, const kernels::KernelCase<Args>& example) {
    return work(kernel, example.arguments(views_of(example.buffers)));
  }
  template <class Args>
  KernelWork work(const kernels::Kernel<Args>& kernel, const Args& args) const {
    KernelWork result{.example = example_, .cost = {}, .bytes = bytes_, .run = {}};
    if constexpr (requires { args.cost(); }) result.cost = args.cost();
    result.run = [&context = context_, &kernel, args, kept = kept_] { kernel(context, args); };
    return result;
  }

  const engine::Context& context() const { return context_; }

 private:
  engine::Tensor keep(engine::Tensor tensor);

  const engine::Context& context_;
  KernelSizes sizes_;
  std::string example_;
  std::size_t bytes_ = 0;
  std::vector<engine::Tensor> kept_;
};

}  // namespace apps
