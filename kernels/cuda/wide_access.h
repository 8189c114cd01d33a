#pragma once
#include <cuda_bf16.h>

#include <bit>
#include <cstdint>
#include <initializer_list>

#include "kernels/cuda/launch.h"
#include "kernels/runtime/dtype.h"

/// 16-byte memory accesses where alignment allows: they are needed to reach the bandwidth of a copy.
namespace kernels::cuda {

using engine::bf16;

/// The elements of one access.
template <class T, int kWidth>
struct Lanes {
  T lane[kWidth];
};

template <int kBytes>
struct Word;
template <>
struct Word<16> {
  using Type = uint4;
};
template <>
struct Word<8> {
  using Type = uint2;
};
template <>
struct Word<4> {
  using Type = std::uint32_t;
};
template <>
struct Word<2> {
  using Type = std::uint16_t;
};
template <>
struct Word<1> {
  using Type = std::uint8_t;
};

template <int kWidth, class T>
__device__ __forceinline__ Lanes<T, kWidth> load(const T* from) {
  return std::bit_cast<Lanes<T, kWidth>>(*reinterpret_cast<const typename Word<kWidth * sizeof(T)>::Type*>(from));
}
template <class T, int kWidth>
__device__ __forceinline__ void store(T* to, const Lanes<T, kWidth>& lanes) {
  using Type = typename Word<kWidth * sizeof(T)>::Type;
  *reinterpret_cast<Type*>(to) = std::bit_cast<Type>(lanes);
}

/// to = value, rounded to the type of `to`.
__device__ __forceinline__ void narrow(float& to, float value) { to = value; }
__device__ __forceinline__ void narrow(bf16& to, float value) {
#if defined(__CUDA_ARCH__)
  // One instruction instead of six in engine::bf16: six would bound a kernel that only copies.
  to.bits = __bfloat16_as_ushort(__float2bfloat16_rn(value));
#else
  to = bf16(value);
#endif
}
__device__ __forceinline__ void narrow(std::uint8_t& to, int value) { to = static_cast<std::uint8_t>(value); }

/// to (+)= value, in f32.
template <bool kAccumulate, class T>
__device__ __forceinline__ void write(T& to, float value) {
  narrow(to, kAccumulate ? static_cast<float>(to) + value : value);
}
/// to[0..kWidth) (+)= values[0..kWidth)
template <bool kAccumulate, class T, int kWidth>
__device__ __forceinline__ void write(T* to, const float (&values)[kWidth]) {
  Lanes<T, kWidth> lanes;
  if constexpr (kAccumulate) lanes = load<kWidth>(to);
#pragma unroll
  for (int j = 0; j < kWidth; ++j) write<kAccumulate>(lanes.lane[j], values[j]);
  store(to, lanes);
}

template <class T>
inline constexpr int kWidest = 16 / sizeof(T);

inline bool aligned(std::initializer_list<const void*> pointers) {
  std::uintptr_t bits = 0;
  for (const void* pointer : pointers) bits |= reinterpret_cast<std::uintptr_t>(pointer);
  return bits % 16 == 0;
}

/// A compile-time constant as an argument, like std::integral_constant, whose conversion device code may not call.
template <auto kValue>
struct Constant {
  static constexpr auto value = kValue;
};
/// Calls body(Constant<true or false>).
template <class Body>
void with_flag(bool flag, Body&& body) {
  flag ? body(Constant<true>{}) : body(Constant<false>{});
}
/// Calls body(Constant<kWidest<T>>) if wide accesses are possible, else body(Constant<1>).
template <class T, class Body>
void with_width(bool wide, Body&& body) {
  wide ? body(Constant<kWidest<T>>{}) : body(Constant<1>{});
}

}  // namespace kernels::cuda
