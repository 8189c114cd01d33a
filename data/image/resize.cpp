#include "data/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "kernels/runtime/error.h"

namespace data {
namespace {

constexpr std::int64_t kRows = 16;   ///< rows of the result that are made at once
constexpr std::int64_t kChunk = 64;  ///< samples of a row that are summed in registers
constexpr std::int64_t kSpan =
    512;  ///< samples of each row that are summed before those of the next: memory is read in long pieces

/// Sums of up to this many taps are made of 16-bit numbers, of which a register holds twice as many as floats: pixels
/// with 7 more bits, weights as 65536ths. Each product loses less than a 128th of a level.
constexpr std::int64_t kMostFixedTaps = 16;

float of_pixel(std::uint8_t pixel, float /*as*/) { return static_cast<float>(pixel); }
std::uint16_t of_pixel(std::uint8_t pixel, std::uint16_t /*as*/) { return static_cast<std::uint16_t>(pixel << 7); }
float product(float weight, float value) { return weight * value; }
std::uint16_t product(std::uint16_t weight, std::uint16_t value) {
  return static_cast<std::uint16_t>(std::uint32_t{weight} * value >> 16);
}
/// What a sum begins with: products of 16-bit numbers are rounded down, by a half each on average.
float beginning(std::int32_t /*taps*/, float /*as*/) { return 0; }
std::uint16_t beginning(std::int32_t taps, std::uint16_t /*as*/) { return static_cast<std::uint16_t>(taps / 2); }
std::uint8_t to_pixel(float sum) { return static_cast<std::uint8_t>(static_cast<std::int32_t>(sum + 0.5f)); }
std::uint8_t to_pixel(std::uint16_t sum) { return static_cast<std::uint8_t>((sum + 64) >> 7); }

const float* weights_of(const ResizeTaps& taps, float /*as*/) { return taps.weights.data(); }
const std::uint16_t* weights_of(const ResizeTaps& taps, std::uint16_t /*as*/) { return taps.fixed.data(); }

/// Fills the taps of the samples [begin, begin + count) of a side that becomes `to` long.
void set_taps(ResizeTaps& taps, std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t count) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double radius = std::max(scale, 1.0);
  taps.rows.clear();
  taps.weights.clear();
  taps.most = 0;
  for (std::int64_t i = begin; i < begin + count; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(middle - radius + 0.5), 0);
    const auto end = std::min<std::int64_t>(static_cast<std::int64_t>(middle + radius + 0.5), from);
    const auto weight = [&](std::int64_t k) {
      return std::max(1 - std::abs(static_cast<double>(k) + 0.5 - middle) / radius, 0.0);
    };
    double sum = 0;
    for (std::int64_t k = first; k < end; ++k) sum += weight(k);
    taps.rows.push_back(
        {.first = first, .count = static_cast<std::int32_t>(end - first), .begin = taps.weights.size()});
    for (std::int64_t k = first; k < end; ++k) taps.weights.push_back(static_cast<float>(weight(k) / sum));
    taps.most = std::max(taps.most, end - first);
  }
}

void set_fixed(ResizeTaps& taps) {
  taps.fixed.clear();
  for (const float weight : taps.weights)
    taps.fixed.push_back(static_cast<std::uint16_t>(std::min(static_cast<std::int32_t>(weight * 65536 + 0.5f), 65535)));
}

/// out[i] = the weighted sum of sample i of rows that are `stride` apart.
template <std::int64_t kCount, class T>
void sum_rows(const std::uint8_t* row, std::int64_t stride, const T* weights, std::int32_t taps, T* out) {
  T sums[kCount];
  std::fill(sums, sums + kCount, beginning(taps, T{}));
  for (std::int32_t k = 0; k < taps; ++k, row += stride) {
    for (std::int64_t i = 0; i < kCount; ++i)
      sums[i] = static_cast<T>(sums[i] + product(weights[k], of_pixel(row[i], T{})));
  }
  for (std::int64_t i = 0; i < kCount; ++i) out[i] = sums[i];
}

/// [kRows,kSpan] -> [samples,kRows], for at least 4 samples.
void transpose(const float* from, std::int64_t samples, float* to) {
  for (std::int64_t begin = 0; begin < samples; begin += 4) {
    const std::int64_t i = std::min(begin, samples - 4);
    for (std::int64_t r = 0; r < kRows; r += 4) {
      const float* corner = from + r * kSpan + i;
      float* out = to + i * kRows + r;
#ifdef __SSE2__
      __m128 a = _mm_loadu_ps(corner), b = _mm_loadu_ps(corner + kSpan), c = _mm_loadu_ps(corner + 2 * kSpan),
             d = _mm_loadu_ps(corner + 3 * kSpan);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      _mm_storeu_ps(out, a);
      _mm_storeu_ps(out + kRows, b);
      _mm_storeu_ps(out + 2 * kRows, c);
      _mm_storeu_ps(out + 3 * kRows, d);
#else
      for (std::int64_t k = 0; k < 16; ++k) out[k / 4 * kRows + k % 4] = corner[k % 4 * kSpan + k / 4];
#endif
    }
  }
}

/// The same of 16-bit numbers, for at least 8 samples.
void transpose(const std::uint16_t* from, std::int64_t samples, std::uint16_t* to) {
  for (std::int64_t begin = 0; begin < samples; begin += 8) {
    const std::int64_t i = std::min(begin, samples - 8);
    for (std::int64_t r = 0; r < kRows; r += 8) {
      const std::uint16_t* corner = from + r * kSpan + i;
      std::uint16_t* out = to + i * kRows + r;
#ifdef __SSE2__
      __m128i lines[8], mixed[8];
      for (int k = 0; k < 8; ++k) lines[k] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(corner + k * kSpan));
      for (int stage = 0; stage < 3; ++stage) {
        for (int k = 0; k < 4; ++k) {
          mixed[2 * k] = _mm_unpacklo_epi16(lines[k], lines[k + 4]);
          mixed[2 * k + 1] = _mm_unpackhi_epi16(lines[k], lines[k + 4]);
        }
        std::copy(mixed, mixed + 8, lines);
      }
      for (int k = 0; k < 8; ++k) _mm_storeu_si128(reinterpret_cast<__m128i*>(out + k * kRows), lines[k]);
#else
      for (std::int64_t k = 0; k < 64; ++k) out[k / 8 * kRows + k % 8] = corner[k % 8 * kSpan + k / 8];
#endif
    }
  }
}

/// Of `samples` columns of the original, those of up to kRows rows of the result, [samples,kRows]; zero beyond `rows`.
template <class T>
void sum_down(const std::uint8_t* from, std::int64_t stride, std::int64_t samples, const ResizeTaps& taps,
              std::int64_t first_row, std::int64_t rows, T* out) {
  const auto each_row = [&](const auto& sum) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const ResizeTaps::Row& row = taps.rows[static_cast<std::size_t>(first_row + r)];
      sum(from + row.first * stride, weights_of(taps, T{}) + row.begin, row.count, r);
    }
  };
  if (samples < kChunk) {
    for (std::int64_t x = 0; x < samples; ++x) {
      each_row([&](const std::uint8_t* row, const T* weights, std::int32_t count, std::int64_t r) {
        sum_rows<1>(row + x, stride, weights, count, out + x * kRows + r);
      });
      std::fill(out + x * kRows + rows, out + (x + 1) * kRows, T{});
    }
    return;
  }
  alignas(64) T span[kRows * kSpan];
  if (rows < kRows) std::memset(span, 0, sizeof span);
  // What does not divide evenly ends with a piece that begins earlier and does some samples again.
  const std::int64_t length = std::min(kSpan, samples);
  for (std::int64_t begin = 0; begin < samples; begin += length) {
    const std::int64_t x = std::min(begin, samples - length);
    each_row([&](const std::uint8_t* row, const T* weights, std::int32_t count, std::int64_t r) {
      for (std::int64_t i = 0; i < length; i += kChunk) {
        const std::int64_t chunk = std::min(i, length - kChunk);
        sum_rows<kChunk>(row + x + chunk, stride, weights, count, span + r * kSpan + chunk);
      }
    });
    transpose(span, length, out + x * kRows);
  }
}

/// [pixels,kChannels,kRows] -> [columns of the result,kChannels,kRows], rounded.
template <int kChannels, class T>
void sum_across(const T* from, const ResizeTaps& taps, std::uint8_t* out) {
  constexpr std::int64_t kPixel = kChannels * kRows;
  for (const ResizeTaps::Row& row : taps.rows) {
    const T* weights = weights_of(taps, T{}) + row.begin;
    const T* pixel = from + row.first * kPixel;
    T sums[kPixel];
    std::fill(sums, sums + kPixel, beginning(row.count, T{}));
    for (std::int32_t k = 0; k < row.count; ++k, pixel += kPixel) {
      for (std::int64_t i = 0; i < kPixel; ++i) sums[i] = static_cast<T>(sums[i] + product(weights[k], pixel[i]));
    }
    for (std::int64_t i = 0; i < kPixel; ++i) *out++ = to_pixel(sums[i]);
  }
}

/// [samples,kRows] -> the first `rows` of [kRows,samples].
void write_rows(const std::uint8_t* from, std::int64_t samples, std::int64_t rows, std::uint8_t* out) {
  std::int64_t begin = 0;
#ifdef __SSE2__
  for (; begin + kRows <= samples; begin += kRows) {
    __m128i lines[kRows], mixed[kRows];
    for (std::int64_t i = 0; i < kRows; ++i)
      lines[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + (begin + i) * kRows));
    // Four times, lines of both halves are interleaved: 16 x 16 bytes are then transposed.
    for (int stage = 0; stage < 4; ++stage) {
      for (std::int64_t i = 0; i < kRows / 2; ++i) {
        mixed[2 * i] = _mm_unpacklo_epi8(lines[i], lines[i + kRows / 2]);
        mixed[2 * i + 1] = _mm_unpackhi_epi8(lines[i], lines[i + kRows / 2]);
      }
      std::copy(mixed, mixed + kRows, lines);
    }
    for (std::int64_t r = 0; r < rows; ++r)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + r * samples + begin), lines[r]);
  }
#endif
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = begin; i < samples; ++i) out[r * samples + i] = from[i * kRows + r];
  }
}

}  // namespace

void resize(const ConstImage& from, int channels, const Extent& to, std::uint8_t* out, ResizeScratch& scratch) {
  resize_part(from, channels, to, {.extent = to}, out, scratch);
}

void resize_part(const ConstImage& from, int channels, const Extent& to, const Box& part, std::uint8_t* out,
                 ResizeScratch& scratch) {
  EXPECTS(channels == 1 || channels == 3, "resize: expected 1 or 3 channels, got ", channels);
  EXPECTS(std::min({from.extent.height, from.extent.width, to.height, to.width}) > 0,
          "resize: expected at least one pixel, got ", from.extent.height, " x ", from.extent.width, " to become ",
          to.height, " x ", to.width);
  EXPECTS(part.top >= 0 && part.left >= 0 && part.extent.height <= to.height - part.top &&
              part.extent.width <= to.width - part.left,
          "resize: a part of ", part.extent.height, " x ", part.extent.width, " at (", part.top, ", ", part.left,
          ") leaves an image of ", to.height, " x ", to.width);
  if (part.extent.pixels() <= 0) return;
  const std::int64_t stride = from.extent.width * channels, out_samples = part.extent.width * channels;
  if (to == from.extent) {
    for (std::int64_t y = 0; y < part.extent.height; ++y) {
      std::memcpy(out + y * out_samples, from.pixels + (part.top + y) * stride + part.left * channels,
                  static_cast<std::size_t>(out_samples));
    }
    return;
  }
  set_taps(scratch.down, from.extent.height, to.height, part.top, part.extent.height);
  set_taps(scratch.across, from.extent.width, to.width, part.left, part.extent.width);
  // Columns that no pixel of the part needs are left out.
  const std::int64_t left = scratch.across.rows.front().first;
  const std::int64_t right = scratch.across.rows.back().first + scratch.across.rows.back().count;
  for (ResizeTaps::Row& row : scratch.across.rows) row.first -= left;
  const std::int64_t samples = (right - left) * channels;
  scratch.block.resize(static_cast<std::size_t>(out_samples * kRows));
  const auto sum = [&](auto& columns) {
    columns.resize(static_cast<std::size_t>(samples * kRows));
    for (std::int64_t y = 0; y < part.extent.height; y += kRows) {
      const std::int64_t rows = std::min(kRows, part.extent.height - y);
      sum_down(from.pixels + left * channels, stride, samples, scratch.down, y, rows, columns.data());
      if (channels == 3) {
        sum_across<3>(columns.data(), scratch.across, scratch.block.data());
      } else {
        sum_across<1>(columns.data(), scratch.across, scratch.block.data());
      }
      write_rows(scratch.block.data(), out_samples, rows, out + y * out_samples);
    }
  };
  if (std::max(scratch.down.most, scratch.across.most) > kMostFixedTaps) return sum(scratch.columns);
  set_fixed(scratch.down);
  set_fixed(scratch.across);
  sum(scratch.fixed_columns);
}

Extent covering(const Extent& image, const Extent& part) {
  const bool by_height = part.height * image.width >= part.width * image.height;
  return by_height ? Extent{.height = part.height, .width = part.height * image.width / image.height}
                   : Extent{.height = part.width * image.height / image.width, .width = part.width};
}

Box centre(const Extent& image, const Extent& part) {
  // Halves are rounded to the even number, as by Python.
  const auto half = [](std::int64_t rest) { return rest / 2 + (rest % 4 == 3); };
  return {.top = half(image.height - part.height), .left = half(image.width - part.width), .extent = part};
}

}  // namespace data
