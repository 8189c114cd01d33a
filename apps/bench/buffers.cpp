#include "apps/bench/buffers.h"

#include <algorithm>
#include <cmath>

#include "kernels/l2_normalize.h"
#include "kernels/runtime/philox.h"

namespace apps {
namespace {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

/// Large enough to look random to a device, and quick to generate. An odd length, so that no two rows are equal.
constexpr std::size_t kBlock = 65'537;
const std::vector<float>& normal_block() {
  static const std::vector<float> block = [] {
    std::vector<float> numbers(kBlock);
    engine::Philox random(1, engine::Purpose::initialization, 0, 0);
    for (float& number : numbers) number = static_cast<float>(random.normal());
    return numbers;
  }();
  return block;
}

/// The first kBlock of `count` values.
template <class T, class Value>
std::vector<T> block_of(std::int64_t count, const Value& value) {
  std::vector<T> block(std::min(static_cast<std::size_t>(count), kBlock));
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = value(i);
  return block;
}

/// Fills a tensor by copies on its device, each twice as long as the one before it: gigabytes made and sent by the host
/// take many seconds.
void repeat(const Tensor& tensor, const void* block, std::int64_t count) {
  const Tensor flat = tensor.view_as(Shape{tensor.elements()});
  flat.narrow(0, std::min(count, flat.elements())).upload_bytes(block);
  for (std::int64_t filled = count; filled < flat.elements(); filled *= 2) {
    const std::int64_t more = std::min(filled, flat.elements() - filled);
    copy(flat.narrow(0, more), flat.narrow(filled, more));
  }
}

template <class T>
Tensor repeated(const engine::Context& context, Shape shape, const std::vector<T>& block) {
  const Tensor tensor = Tensor::empty(context, shape, engine::dtype_of<T>);
  repeat(tensor, block.data(), static_cast<std::int64_t>(block.size()));
  return tensor;
}

Tensor normal_numbers(const engine::Context& context, Shape shape, Dtype dtype) {
  const std::vector<float>& block = normal_block();
  if (dtype == Dtype::f32) return repeated(context, shape, block);
  return repeated(context, shape, std::vector<engine::bf16>(block.begin(), block.end()));
}

}  // namespace

std::vector<double> normal_values(std::int64_t count) {
  return block_of<double>(count, [](std::size_t i) { return normal_block()[i]; });
}

std::vector<double> unit_row_values(std::int64_t rows, std::int64_t columns) {
  const auto width = static_cast<std::size_t>(columns);
  std::vector<double> values(static_cast<std::size_t>(rows) * width);
  for (std::size_t begin = 0; begin < values.size(); begin += width) {
    double squares = 0;
    for (std::size_t i = begin; i < begin + width; ++i) {
      values[i] = normal_block()[i % kBlock];
      squares += values[i] * values[i];
    }
    for (std::size_t i = begin; i < begin + width; ++i) values[i] /= std::sqrt(squares);
  }
  return values;
}

Tensor Buffers::random(Shape shape, Dtype dtype) { return keep(normal_numbers(context_, shape, dtype)); }

Tensor Buffers::unit_rows(std::int64_t rows, std::int64_t columns, Dtype dtype) {
  const Tensor numbers = normal_numbers(context_, {rows, columns}, dtype);
  const Tensor y = Tensor::empty(context_, numbers.shape(), dtype), inv_norm = Tensor::empty(context_, {rows});
  kernels::l2_normalize_forward(context_, {.x = numbers, .y = y, .inv_norm = inv_norm});
  return keep(y);
}

Tensor Buffers::positive_f32(Shape shape) {
  return keep(repeated(context_, shape, block_of<float>(shape.elements(), [](std::size_t i) {
                         return 1 + std::abs(normal_block()[i]);
                       })));
}

Tensor Buffers::integers(Shape shape, std::int32_t below) {
  return keep(repeated(context_, shape, block_of<std::int32_t>(shape.elements(), [below](std::size_t i) {
                         return static_cast<std::int32_t>(i * 2'654'435'761u % static_cast<std::uint32_t>(below));
                       })));
}

Tensor Buffers::words(Shape shape) {
  return keep(repeated(context_, shape, block_of<std::int64_t>(shape.elements(), [](std::size_t i) {
                         return static_cast<std::int64_t>(i * 0x9E37'79B9'7F4A'7C15u);
                       })));
}

Tensor Buffers::bytes(Shape shape) {
  return keep(repeated(context_, shape, block_of<std::uint8_t>(shape.elements(), [](std::size_t i) {
                         return static_cast<std::uint8_t>(i * 2'654'435'761u >> 24);
                       })));
}

Tensor Buffers::zeros(Shape shape, Dtype dtype) { return keep(Tensor::zeros(context_, shape, dtype)); }

std::vector<engine::View> Buffers::views_of(const std::vector<kernels::CaseBuffer>& buffers) {
  std::vector<engine::View> views;
  for (const kernels::CaseBuffer& buffer : buffers) {
    const Tensor tensor = zeros(buffer.shape, buffer.dtype);
    if (!buffer.values.empty()) {
      repeat(tensor, kernels::contents_of(buffer).data(), static_cast<std::int64_t>(buffer.values.size()));
    }
    views.push_back(tensor);
  }
  return views;
}

Tensor Buffers::keep(Tensor tensor) {
  if (kept_.empty()) example_ = engine::concat(name(tensor.dtype()), " ", tensor.shape());
  bytes_ += tensor.bytes();
  kept_.push_back(tensor);
  return tensor;
}

}  // namespace apps
