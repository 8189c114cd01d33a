#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

#include "tests/simt/language/warps.h"

/// Warp-level matrix instructions, lane by lane; kernels/cuda/mma.h uses them.
namespace simt {

inline float low_bf16(std::uint32_t pair) { return std::bit_cast<float>(pair << 16); }
inline float high_bf16(std::uint32_t pair) { return std::bit_cast<float>(pair & 0xffff0000u); }

// d = a b + c, one tile of 16 x 8 x 16 per warp. The fragments (PTX ISA, mma.m16n8k16), with g = lane/4, t = lane%4:
// a[r] holds a(g + 8 (r&1), 2t + 8 (r>>1) + {0,1}), b[r] holds b(2t + 8r + {0,1}, g), c[i] holds
// c(g + 8 (i>>1), 2t + (i&1)).
inline void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2], const float (&c)[4],
                         SIMT_PLACE) {
  struct Slot {
    std::uint32_t a[4], b[2];
    float c[4];
  };
  Slot slot{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}, {c[0], c[1], c[2], c[3]}};
  const Complete complete = [](void* const* slots, unsigned lanes) {
    float left[16][16], right[16][8], product[16][8] = {};
    for_each_lane(lanes, [&](int l) {
      const auto* own = static_cast<const Slot*>(slots[l]);
      const int g = l / 4, t = l % 4;
      for (int r = 0; r < 4; ++r) {
        float* at = &left[g + 8 * (r & 1)][2 * t + 8 * (r >> 1)];
        at[0] = low_bf16(own->a[r]);
        at[1] = high_bf16(own->a[r]);
      }
      for (int r = 0; r < 2; ++r) {
        right[2 * t + 8 * r][g] = low_bf16(own->b[r]);
        right[2 * t + 8 * r + 1][g] = high_bf16(own->b[r]);
      }
    });
    for (int i = 0; i < 16; ++i)
      for (int k = 0; k < 16; ++k)
        for (int j = 0; j < 8; ++j) product[i][j] += left[i][k] * right[k][j];
    for_each_lane(lanes, [&](int l) {
      auto* own = static_cast<Slot*>(slots[l]);
      for (int i = 0; i < 4; ++i) own->c[i] += product[l / 4 + 8 * (i >> 1)][2 * (l % 4) + (i & 1)];
    });
  };
  collective(Collective::mma, ~0u, &slot, complete, place);
  for (int i = 0; i < 4; ++i) d[i] = slot.c[i];
}

/// ldmatrix.x1, x2, x4, with or without .trans: lanes 8i to 8i+7 hold the row addresses of matrix i, 16 bytes per row.
template <int kMatrices, bool kTransposed>
void ldmatrix(std::uint32_t (&d)[kMatrices], const void* row, SIMT_PLACE) {
  struct Slot {
    const void* row;
    std::uint32_t d[kMatrices];
  };
  Slot slot{row, {}};
  if (lane() < 8 * kMatrices) {
    if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) trap("ldmatrix row address is not 16-byte aligned", place);
    touch(row, 16, false, place);
  }
  const Complete complete = [](void* const* slots, unsigned lanes) {
    for (int m = 0; m < kMatrices; ++m) {
      std::uint16_t matrix[8][8];
      for (int r = 0; r < 8; ++r) std::memcpy(matrix[r], static_cast<Slot*>(slots[8 * m + r])->row, 16);
      for_each_lane(lanes, [&](int l) {
        const int r = l / 4, c = 2 * (l % 4);
        const std::uint32_t low = kTransposed ? matrix[c][r] : matrix[r][c];
        const std::uint32_t high = kTransposed ? matrix[c + 1][r] : matrix[r][c + 1];
        static_cast<Slot*>(slots[l])->d[m] = low | high << 16;
      });
    }
  };
  collective(Collective::ldmatrix, ~0u, &slot, complete, place);
  for (int i = 0; i < kMatrices; ++i) d[i] = slot.d[i];
}

}  // namespace simt
