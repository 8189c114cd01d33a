#include "kernels/unit_directions.h"

#include <omp.h>

#include <cmath>

#include "kernels/cpu/loops.h"
#include "kernels/normal_numbers.h"
#include "kernels/runtime/philox.h"
#include "kernels/runtime/scratch.h"

namespace kernels::cpu {
namespace {

/// first[p] and second[p] = a pair of normal numbers, from words 2p and 2p + 1. Returns the sum of all squares.
float to_normal(const std::uint32_t* words, std::int64_t pairs, float* first, float* second) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t p = 0; p < pairs; ++p) {
    const NormalPair pair = normal_pair(words[2 * p], words[2 * p + 1]);
    first[p] = pair.first;
    second[p] = pair.second;
    squares += pair.first * pair.first + pair.second * pair.second;
  }
  return squares;
}

}  // namespace

void unit_directions(const Context& context, const UnitDirections& args) {
  const std::int64_t m = args.directions.shape.rows(), d = args.directions.shape.cols();
  const std::int64_t half = ceil_div(d, 2), whole = d / 2;
  const auto step = static_cast<std::uint64_t>(*args.step.as<std::int32_t>());
  float* directions = args.directions.as<float>();
  const std::int64_t padded = round_up(2 * half, std::int64_t{4});
  const engine::Scratch scratch(context, static_cast<std::size_t>(padded * context.threads()) * sizeof(std::uint32_t));
#pragma omp parallel num_threads(context.threads()) if (m * d >= kParallelElements)
  {
    std::uint32_t* words = scratch.as<std::uint32_t>() + omp_get_thread_num() * padded;
#pragma omp for schedule(static)
    for (std::int64_t row = 0; row < m; ++row) {
      const engine::Philox random(args.seed, engine::Purpose::directions, static_cast<std::uint32_t>(args.first + row),
                                  step);
      for (std::int64_t i = 0; i < padded; i += 4) {
        const auto block = random.words(static_cast<std::uint32_t>(i / 4));
        for (int k = 0; k < 4; ++k) words[i + k] = block.word[k];
      }
      float* out = directions + row * d;
      float squares = to_normal(words, whole, out, out + half);
      if (whole < half) {
        out[whole] = normal_pair(words[2 * whole], words[2 * whole + 1]).first;
        squares += out[whole] * out[whole];
      }
      if (squares == 0) squares = out[0] = 1;  // one in 2^25 directions of one or two dimensions: any will do
      const float factor = 1 / std::sqrt(squares);
#pragma omp simd
      for (std::int64_t i = 0; i < d; ++i) out[i] *= factor;
    }
  }
}

}  // namespace kernels::cpu
