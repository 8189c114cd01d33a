#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <type_traits>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "kernels/runtime/dtype.h"

namespace kernels::cpu {

using engine::bf16;

/// The instruction set that this file is compiled for. Results depend on it: sums and fused products round differently.
#if defined(__AVX512BF16__)
inline constexpr const char* kInstructions = "AVX-512 with bf16";
#elif defined(__AVX512F__)
inline constexpr const char* kInstructions = "AVX-512";
#elif defined(__FMA__)
inline constexpr const char* kInstructions = "AVX2 with FMA";
#elif defined(__AVX__)
inline constexpr const char* kInstructions = "AVX";
#else
inline constexpr const char* kInstructions = "SSE2";
#endif

// Vectors as wide as the target processor's, in GCC's vector extension.
#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
#elif defined(__AVX__)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif
typedef float Floats __attribute__((vector_size(4 * kLanes)));
typedef std::int32_t Ints __attribute__((vector_size(4 * kLanes)));
typedef std::uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef std::uint16_t Halves __attribute__((vector_size(2 * kLanes)));
typedef std::uint8_t Bytes __attribute__((vector_size(kLanes)));

inline Floats load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof values);
  return values;
}
inline void store(float* to, Floats values) { std::memcpy(to, &values, sizeof values); }

/// Zero-extended. GCC 12 compiles a vector conversion to five instructions where one suffices, and warns about
/// AVX-512's unmasked intrinsic.
inline Words widen(Halves values) {
#if defined(__AVX512F__)
  return std::bit_cast<Words>(_mm512_maskz_cvtepu16_epi32(0xffff, std::bit_cast<__m256i>(values)));
#elif defined(__AVX2__)
  return std::bit_cast<Words>(_mm256_cvtepu16_epi32(std::bit_cast<__m128i>(values)));
#else
  return __builtin_convertvector(values, Words);
#endif
}
inline Words widen(Bytes values) {
#if defined(__AVX512F__)
  return std::bit_cast<Words>(_mm512_maskz_cvtepu8_epi32(0xffff, std::bit_cast<__m128i>(values)));
#elif defined(__AVX2__)
  return std::bit_cast<Words>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(std::bit_cast<long long>(values))));
#else
  return __builtin_convertvector(values, Words);
#endif
}
inline Floats load(const bf16* from) {
  Halves values;
  std::memcpy(&values, from, sizeof values);
  return std::bit_cast<Floats>(widen(values) << 16);
}
/// Rounds as bf16 does, but AVX-512's own instruction flushes values below 2^-126 to 0.
inline void store(bf16* to, Floats values) {
#if defined(__AVX512BF16__)
  const auto rounded = _mm512_cvtneps_pbh(std::bit_cast<__m512>(values));
#else
  const Words word = std::bit_cast<Words>(values);
  const Words even = (word + 0x7fffu + ((word >> 16) & 1u)) >> 16, quiet = (word >> 16) | 0x40u;
  const Halves rounded = __builtin_convertvector((word & 0x7fffffffu) > 0x7f800000u ? quiet : even, Halves);
#endif
  std::memcpy(static_cast<void*>(to), &rounded, sizeof rounded);
}

inline Ints load(const std::uint8_t* from) {
  Bytes values;
  std::memcpy(&values, from, sizeof values);
  return std::bit_cast<Ints>(widen(values));
}
/// Keeps the lowest 8 bits.
inline void store(std::uint8_t* to, Ints values) {
  const auto bytes = __builtin_convertvector(values, Bytes);
  std::memcpy(to, &bytes, sizeof bytes);
}

/// For code that is the same for a vector and for one element: V is Floats or float, IntsOf<V> Ints or an int.
template <class V>
using IntsOf = std::conditional_t<std::is_same_v<V, Floats>, Ints, std::int32_t>;
template <class V, class T>
inline V load_as(const T* from) {
  if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<V>(*from);
  } else {
    return load(from);
  }
}
inline void store(float* to, float value) { *to = value; }
inline void store(bf16* to, float value) { *to = bf16(value); }
/// i, i + 1, ...: as many numbers as V has elements.
template <class V>
inline IntsOf<V> numbers_from(std::int64_t i) {
  if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<std::int32_t>(i);
  } else {
    Ints lanes;
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = lane;
    return lanes + static_cast<std::int32_t>(i);
  }
}
inline void store(std::uint8_t* to, std::int32_t value) { *to = static_cast<std::uint8_t>(value); }

/// Calls body(i, V()) for the whole vectors of [0, count), then for each remaining element: V is Floats or float.
template <class Body>
inline void for_each_vector(std::int64_t count, const Body& body) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) body(i, Floats());
  for (; i < count; ++i) body(i, float());
}

inline Floats broadcast(float value) { return value - Floats{}; }

inline Floats max(Floats a, Floats b) { return a > b ? a : b; }

/// Adds lanes in pairs, always in the same order.
inline float sum(Floats values) {
  float lane[kLanes];
  store(lane, values);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  }
  return lane[0];
}
/// The sum of the values that for_each_vector passes, in a fixed order.
struct LaneSums {
  LaneSums& operator+=(Floats values) { return lanes += values, *this; }
  LaneSums& operator+=(float value) { return rest += value, *this; }
  float total() const { return sum(lanes) + rest; }

  Floats lanes{};
  float rest = 0;
};
inline float max(Floats values) {
  float lane[kLanes];
  store(lane, values);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) lane[i] = lane[i] > lane[i + width] ? lane[i] : lane[i + width];
  }
  return lane[0];
}

/// 2^x within 2 units in the last place for -126 <= x < 127.5; 0 below -126.5 and for -inf; NaN stays NaN.
/// x = n + f with n whole and |f| <= 1/2: 2^n is an exponent field, 2^f a polynomial of degree 6 with the smallest
/// relative error (4e-9; found with the Remez exchange algorithm) among those that give 2^0 = 1 exactly.
inline Floats exp2(Floats x) {
  constexpr float kRound = 0x1.8p23f + 127;  // adding it leaves n + 127, the biased exponent, in the lowest bits
  x = x < -127.0f ? broadcast(-127.0f) : x;
  const Floats shifted = x + kRound;
  const Floats f = x - (shifted - kRound);
  Floats p = f * 0x1.46ebb8p-13f + 0x1.5f6636p-10f;
  p = p * f + 0x1.3b275cp-7f;
  p = p * f + 0x1.c6ae9cp-5f;
  p = p * f + 0x1.ebfbe2p-3f;
  p = p * f + 0x1.62e430p-1f;
  p = p * f + 1.0f;
  return p * std::bit_cast<Floats>(std::bit_cast<Ints>(shifted) << 23);
}

/// e^x within 2 + 1.25 |x| units in the last place for -87.3 <= x < 88.3, as the argument of exp2 is rounded; 0 for
/// -inf.
inline Floats exp(Floats x) { return exp2(x * std::numbers::log2e_v<float>); }
inline float exp(float x) { return std::exp(x); }

}  // namespace kernels::cpu
