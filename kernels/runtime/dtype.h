#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/runtime/host_device.h"

namespace engine {

/// The type of a tensor's elements. f64 and i64 are for moments, counters and files, not for layers.
enum class Dtype : std::uint8_t { f32, bf16, i32, i64, u8, f64 };

/// The upper half of an IEEE float. Rounds to nearest even; NaN stays NaN.
struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  HOST_DEVICE explicit bf16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool nan = (word & 0x7fffffffu) > 0x7f800000u;
    bits = static_cast<std::uint16_t>(nan ? (word >> 16) | 0x40u : (word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
  }
  HOST_DEVICE operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

constexpr std::size_t size_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
    case Dtype::i64: return 8;
    case Dtype::f32:
    case Dtype::i32: return 4;
    case Dtype::bf16: return 2;
    case Dtype::u8: return 1;
  }
  return 0;
}

constexpr const char* name(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return "f32";
    case Dtype::bf16: return "bf16";
    case Dtype::i32: return "i32";
    case Dtype::i64: return "i64";
    case Dtype::u8: return "u8";
    case Dtype::f64: return "f64";
  }
  return "?";
}

/// The dtype of a C++ type; other types do not compile.
template <class T>
inline constexpr Dtype dtype_of = T::is_not_an_element_type;
template <>
inline constexpr Dtype dtype_of<float> = Dtype::f32;
template <>
inline constexpr Dtype dtype_of<bf16> = Dtype::bf16;
template <>
inline constexpr Dtype dtype_of<std::int32_t> = Dtype::i32;
template <>
inline constexpr Dtype dtype_of<std::int64_t> = Dtype::i64;
template <>
inline constexpr Dtype dtype_of<std::uint8_t> = Dtype::u8;
template <>
inline constexpr Dtype dtype_of<double> = Dtype::f64;

}  // namespace engine
