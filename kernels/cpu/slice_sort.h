#pragma once
#include <cstddef>
#include <cstdint>

namespace kernels::cpu {

/// Sorts slices of n numbers, one after the other, in the same memory.
class SliceSort {
 public:
  static std::size_t bytes(std::int64_t n) { return 24 * static_cast<std::size_t>(n); }
  /// `memory`: of bytes(n), aligned to 8.
  SliceSort(std::int64_t n, void* memory);

  /// Sorts x[0..n): afterwards values() ascend, and values()[r] = x[rows()[r]]. Equal numbers keep their order, -0 =
  /// +0; NaNs are at either end.
  void sort(const float* x);
  const float* values() const { return values_; }
  const std::uint32_t* rows() const { return rows_; }

 private:
  template <int kDigit>
  bool sort_by_place(const float* x);
  void sort_by_bits(const float* x);

  std::int64_t n_;
  std::uint64_t *words_, *swapped_;
  float* values_;
  std::uint32_t* rows_;
};

}  // namespace kernels::cpu
