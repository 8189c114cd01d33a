#pragma once
#include <cuda_bf16.h>

#include <cstring>
#include <type_traits>

#include "tests/simt/interpreter/services.h"

/// Barriers, shuffles and votes.
namespace simt {

template <class Body>
void for_each_lane(unsigned lanes, Body&& body) {
  for (int l = 0; l < 32; ++l)
    if ((lanes >> l & 1) != 0) body(l);
}

template <class T>
inline constexpr bool kShuffles = (std::is_arithmetic_v<T> && sizeof(T) >= 4) || std::is_same_v<T, __nv_bfloat16> ||
                                  std::is_same_v<T, __nv_bfloat162>;

template <class T>
T shuffle(unsigned mask, T value, int source, Place place) {
  static_assert(kShuffles<T>, "CUDA has no such __shfl_sync");
  struct Slot {
    T in, out;
    int source;
  };
  Slot slot{value, value, source};
  const Complete complete = [](void* const* slots, unsigned lanes) {
    for_each_lane(lanes, [&](int l) {
      auto* own = static_cast<Slot*>(slots[l]);
      if ((lanes >> own->source & 1) == 0) {
        own->source = -1;
      } else {
        own->out = static_cast<Slot*>(slots[own->source])->in;
      }
    });
  };
  collective(Collective::shuffle, mask, &slot, complete, place);
  if (slot.source < 0) trap("__shfl_sync reads a lane that does not take part", place);
  return slot.out;
}

inline unsigned ballot(unsigned mask, bool predicate, Place place) {
  struct Slot {
    bool in;
    unsigned out;
  };
  Slot slot{predicate, 0};
  const Complete complete = [](void* const* slots, unsigned lanes) {
    unsigned votes = 0;
    for_each_lane(lanes, [&](int l) { votes |= static_cast<unsigned>(static_cast<Slot*>(slots[l])->in) << l; });
    for_each_lane(lanes, [&](int l) { static_cast<Slot*>(slots[l])->out = votes; });
  };
  collective(Collective::vote, mask, &slot, complete, place);
  return slot.out;
}

template <class T, class Combine>
T reduce(unsigned mask, T value, Place place) {
  const Complete complete = [](void* const* values, unsigned lanes) {
    bool first = true;
    T total{};
    for_each_lane(lanes, [&](int l) {
      const T x = *static_cast<T*>(values[l]);
      total = first ? x : Combine{}(total, x);
      first = false;
    });
    for_each_lane(lanes, [&](int l) { *static_cast<T*>(values[l]) = total; });
  };
  collective(Collective::reduce, mask, &value, complete, place);
  return value;
}

struct Plus {
  template <class T>
  T operator()(T a, T b) const {
    return a + b;
  }
};
struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

}  // namespace simt

inline void __syncthreads(SIMT_PLACE) { simt::block_barrier(simt::Barrier::plain, 0, place); }
inline int __syncthreads_count(int predicate, SIMT_PLACE) {
  return simt::block_barrier(simt::Barrier::count, predicate, place);
}
inline int __syncthreads_and(int predicate, SIMT_PLACE) {
  return simt::block_barrier(simt::Barrier::all, predicate, place);
}
inline int __syncthreads_or(int predicate, SIMT_PLACE) {
  return simt::block_barrier(simt::Barrier::any, predicate, place);
}
inline void __syncwarp(unsigned mask = ~0u, SIMT_PLACE) {
  simt::collective(
      simt::Collective::sync_warp, mask, nullptr, [](void* const*, unsigned) {}, place);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, SIMT_PLACE) {
  return simt::shuffle(mask, value, (simt::lane() & ~(width - 1)) | (source & (width - 1)), place);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, SIMT_PLACE) {
  const int l = simt::lane(), source = l - static_cast<int>(delta);
  return simt::shuffle(mask, value, source < (l & ~(width - 1)) ? l : source, place);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, SIMT_PLACE) {
  const int l = simt::lane(), source = l + static_cast<int>(delta);
  return simt::shuffle(mask, value, source > (l | (width - 1)) ? l : source, place);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, SIMT_PLACE) {
  const int l = simt::lane(), source = (l ^ bits) & 31;
  return simt::shuffle(mask, value, source > (l | (width - 1)) ? l : source, place);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, SIMT_PLACE) {
  return simt::ballot(mask, predicate != 0, place);
}
inline int __any_sync(unsigned mask, int predicate, SIMT_PLACE) {
  return simt::ballot(mask, predicate != 0, place) != 0;
}
inline int __all_sync(unsigned mask, int predicate, SIMT_PLACE) {
  return simt::ballot(mask, predicate == 0, place) == 0;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, SIMT_PLACE) {
  struct Slot {
    T in;
    unsigned out;
  };
  Slot slot{value, 0};
  const simt::Complete complete = [](void* const* slots, unsigned lanes) {
    simt::for_each_lane(lanes, [&](int a) {
      simt::for_each_lane(lanes, [&](int b) {
        auto *mine = static_cast<Slot*>(slots[a]), *other = static_cast<Slot*>(slots[b]);
        if (std::memcmp(&mine->in, &other->in, sizeof(T)) == 0) mine->out |= 1u << b;
      });
    });
  };
  simt::collective(simt::Collective::match, mask, &slot, complete, place);
  return slot.out;
}

template <class T>
T __reduce_add_sync(unsigned mask, T value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T> && sizeof(T) == 4);
  return simt::reduce<T, simt::Plus>(mask, value, place);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T> && sizeof(T) == 4);
  return simt::reduce<T, simt::Smaller>(mask, value, place);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value, SIMT_PLACE) {
  static_assert(std::is_integral_v<T> && sizeof(T) == 4);
  return simt::reduce<T, simt::Larger>(mask, value, place);
}

/// Has no meaning in the interpreter and is error-prone on hardware: kernels pass masks explicitly.
unsigned __activemask() = delete;
