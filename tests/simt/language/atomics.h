#pragma once
#include <type_traits>

#include "tests/simt/interpreter/services.h"

/// Atomics and fences. Threads switch only at barriers and collectives, so that a plain read and write is atomic.
namespace simt {

/// Not instrumented, because touch_atomic checks the access.
template <class T, class Change>
[[gnu::noinline]] __attribute__((no_sanitize("thread", "undefined"))) T read_and_change(T* at, const Place& place,
                                                                                        Change change) {
  touch_atomic(at, sizeof(T), place);
  const T old = *at;
  *at = change(old);
  return old;
}

}  // namespace simt

template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value, SIMT_PLACE) {
  return simt::read_and_change(at, place, [=](T old) { return static_cast<T>(old + value); });
}
template <class T>
T atomicMin(T* at, std::type_identity_t<T> value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T>);
  return simt::read_and_change(at, place, [=](T old) { return value < old ? value : old; });
}
template <class T>
T atomicMax(T* at, std::type_identity_t<T> value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T>);
  return simt::read_and_change(at, place, [=](T old) { return old < value ? value : old; });
}
template <class T>
T atomicOr(T* at, std::type_identity_t<T> value, SIMT_PLACE) {
  return simt::read_and_change(at, place, [=](T old) { return static_cast<T>(old | value); });
}
template <class T>
T atomicExch(T* at, std::type_identity_t<T> value, SIMT_PLACE) {
  return simt::read_and_change(at, place, [=](T) { return value; });
}
template <class T>
T atomicCAS(T* at, std::type_identity_t<T> expected, std::type_identity_t<T> value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T>);
  return simt::read_and_change(at, place, [=](T old) { return old == expected ? value : old; });
}

inline void __threadfence() { simt::fence(); }
inline void __threadfence_block() {}
/// A loop that waits for another thread of the block must call it.
inline void __nanosleep(unsigned) { simt::yield(); }
inline void __trap(SIMT_PLACE) { simt::trap("__trap()", place); }
