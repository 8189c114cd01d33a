#include "apps/bench/buffers.h"

#include <algorithm>
#include <cmath>

#include "kernels/runtime/philox.h"

namespace apps {
namespace {

using engine::Dtype;
using engine::Shape;
using engine::Tensor;

/// Repeats one block of random numbers: large enough to look random to a device, and quick to generate.
std::vector<float> normal_numbers(std::int64_t count) {
  static const std::vector<float> block = [] {
    std::vector<float> numbers(65'537);
    engine::Philox random(1, engine::Purpose::initialization, 0, 0);
    for (float& number : numbers) number = static_cast<float>(random.normal());
    return numbers;
  }();
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < numbers.size(); at += block.size()) {
    std::copy_n(block.begin(), std::min(block.size(), numbers.size() - at),
                numbers.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return numbers;
}

std::vector<float> unit_rows_of(std::int64_t rows, std::int64_t columns) {
  std::vector<float> values = normal_numbers(rows * columns);
  for (auto row = values.begin(); row != values.end(); row += columns) {
    double squares = 0;
    for (auto x = row; x != row + columns; ++x) squares += static_cast<double>(*x) * *x;
    for (auto x = row; x != row + columns; ++x) *x /= static_cast<float>(std::sqrt(squares));
  }
  return values;
}

Tensor rounded(const engine::Context& context, Shape shape, const std::vector<float>& values, Dtype dtype) {
  if (dtype == Dtype::f32) return Tensor::from(context, shape, values);
  return Tensor::from(context, shape, std::vector<engine::bf16>(values.begin(), values.end()));
}

}  // namespace

std::vector<double> normal_values(std::int64_t count) {
  const std::vector<float> values = normal_numbers(count);
  return {values.begin(), values.end()};
}

std::vector<double> unit_row_values(std::int64_t rows, std::int64_t columns) {
  const std::vector<float> values = unit_rows_of(rows, columns);
  return {values.begin(), values.end()};
}

Tensor Buffers::random(Shape shape, Dtype dtype) {
  return keep(rounded(context_, shape, normal_numbers(shape.elements()), dtype));
}

Tensor Buffers::unit_rows(std::int64_t rows, std::int64_t columns, Dtype dtype) {
  return keep(rounded(context_, {rows, columns}, unit_rows_of(rows, columns), dtype));
}

Tensor Buffers::positive_f32(Shape shape) {
  std::vector<float> values = normal_numbers(shape.elements());
  for (float& value : values) value = 1 + std::abs(value);
  return of(shape, values);
}

Tensor Buffers::integers(Shape shape, std::int32_t below) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::int32_t>(i * 2'654'435'761u % static_cast<std::uint32_t>(below));
  }
  return of(shape, values);
}

Tensor Buffers::words(Shape shape) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) { values[i] = static_cast<std::int64_t>(i * 0x9E37'79B9'7F4A'7C15u); }
  return of(shape, values);
}

Tensor Buffers::bytes(Shape shape) {
  std::vector<std::uint8_t> values(static_cast<std::size_t>(shape.elements()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i * 2'654'435'761u >> 24);
  return of(shape, values);
}

Tensor Buffers::zeros(Shape shape, Dtype dtype) { return keep(Tensor::zeros(context_, shape, dtype)); }

std::vector<engine::View> Buffers::views_of(const std::vector<kernels::CaseBuffer>& buffers) {
  std::vector<engine::View> views;
  for (const kernels::CaseBuffer& buffer : buffers) {
    const Tensor tensor = zeros(buffer.shape, buffer.dtype);
    if (!buffer.values.empty()) tensor.upload_bytes(kernels::contents_of(buffer).data());
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
