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

/// Fills the taps of the samples [begin, begin + count) of a side that becomes `to` long.
void set_taps(ResizeTaps& taps, std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t count) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double radius = std::max(scale, 1.0);
  taps.rows.clear();
  taps.weights.clear();
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
  }
}

/// out[i] = the weighted sum of sample i of rows that are `stride` apart.
template <std::int64_t kCount>
void sum_rows(const std::uint8_t* row, std::int64_t stride, const float* weights, std::int32_t taps, float* out) {
  float sums[kCount] = {};
  for (std::int32_t k = 0; k < taps; ++k, row += stride) {
    for (std::int64_t i = 0; i < kCount; ++i) sums[i] += weights[k] * static_cast<float>(row[i]);
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

/// Of `samples` columns of the original, those of up to kRows rows of the result, [samples,kRows]; zero beyond `rows`.
void sum_down(const std::uint8_t* from, std::int64_t stride, std::int64_t samples, const ResizeTaps& taps,
              std::int64_t first_row, std::int64_t rows, float* out) {
  const auto each_row = [&](const auto& sum) {
    for (std::int64_t r = 0; r < rows; ++r) {
      const ResizeTaps::Row& row = taps.rows[static_cast<std::size_t>(first_row + r)];
      sum(from + row.first * stride, taps.weights.data() + row.begin, row.count, r);
    }
  };
  if (samples < kChunk) {
    for (std::int64_t x = 0; x < samples; ++x) {
      each_row([&](const std::uint8_t* row, const float* weights, std::int32_t count, std::int64_t r) {
        sum_rows<1>(row + x, stride, weights, count, out + x * kRows + r);
      });
      std::fill(out + x * kRows + rows, out + (x + 1) * kRows, 0.0f);
    }
    return;
  }
  alignas(64) float span[kRows * kSpan];
  if (rows < kRows) std::memset(span, 0, sizeof span);
  // What does not divide evenly ends with a piece that begins earlier and does some samples again.
  const std::int64_t length = std::min(kSpan, samples);
  for (std::int64_t begin = 0; begin < samples; begin += length) {
    const std::int64_t x = std::min(begin, samples - length);
    each_row([&](const std::uint8_t* row, const float* weights, std::int32_t count, std::int64_t r) {
      for (std::int64_t i = 0; i < length; i += kChunk) {
        const std::int64_t chunk = std::min(i, length - kChunk);
        sum_rows<kChunk>(row + x + chunk, stride, weights, count, span + r * kSpan + chunk);
      }
    });
    transpose(span, length, out + x * kRows);
  }
}

/// [pixels,kChannels,kRows] -> [columns of the result,kChannels,kRows], rounded.
template <int kChannels>
void sum_across(const float* from, const ResizeTaps& taps, std::uint8_t* out) {
  constexpr std::int64_t kPixel = kChannels * kRows;
  for (const ResizeTaps::Row& row : taps.rows) {
    const float* weights = taps.weights.data() + row.begin;
    const float* pixel = from + row.first * kPixel;
    float sums[kPixel] = {};
    for (std::int32_t k = 0; k < row.count; ++k, pixel += kPixel) {
      for (std::int64_t i = 0; i < kPixel; ++i) sums[i] += weights[k] * pixel[i];
    }
    for (std::int64_t i = 0; i < kPixel; ++i)
      *out++ = static_cast<std::uint8_t>(static_cast<std::int32_t>(sums[i] + 0.5f));
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
  scratch.columns.resize(static_cast<std::size_t>(samples * kRows));
  scratch.block.resize(static_cast<std::size_t>(out_samples * kRows));
  for (std::int64_t y = 0; y < part.extent.height; y += kRows) {
    const std::int64_t rows = std::min(kRows, part.extent.height - y);
    sum_down(from.pixels + left * channels, stride, samples, scratch.down, y, rows, scratch.columns.data());
    if (channels == 3) {
      sum_across<3>(scratch.columns.data(), scratch.across, scratch.block.data());
    } else {
      sum_across<1>(scratch.columns.data(), scratch.across, scratch.block.data());
    }
    write_rows(scratch.block.data(), out_samples, rows, out + y * out_samples);
  }
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
