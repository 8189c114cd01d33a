#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/runtime/host_device.h"

namespace engine {

/// What a random number is for. Part of the Philox counter: two purposes never share a draw.
/// The values are frozen: changing one changes every published run.
enum class Purpose : std::uint8_t {
  initialization = 1,  ///< sub-index: parameter; index: element
  shuffle = 2,         ///< index: epoch
  crop = 3,            ///< sub-index: view; index: epoch * examples + example
  bits = 4,            ///< index: epoch * examples + example, for bits resampled per fetch
  drawing = 5,         ///< sub-index: split; index: example (the built-in digits)
  holdout = 6,         ///< index: none (the held-out part of a linear evaluation)
  directions = 7,      ///< sub-index: column; index: step
  prior = 8,           ///< sub-index: 0; index: step * rows + row
  latent = 9,          ///< sub-index: 0; index: step * rows + row (the noise of a variational autoencoder)
  key_order = 10,      ///< sub-index: 0; index: step * rows + row (the order in which a key encoder sees a batch)
  scene = 11,          ///< sub-index: role; index: epoch * examples + example (the digits of a canvas)
  overlay = 12,        ///< sub-index: role; index: epoch * examples + example (the digit over an image)
  trifeature = 13,     ///< sub-index: role; index: epoch * examples + example (place and angles of a shape)
  subset = 14,         ///< sub-index: 0; index: example (which examples a fraction of a source consists of)
  augmentation = 15,   ///< sub-index: view; index: epoch * examples + example (flip, colours and blur of an image)
  blur = 16,           ///< sub-index: view; index: that of the batch's first example (the blur of a whole batch)
  clustering = 17,     ///< sub-index: restart; index: example (the first centres of k-means)
  planted = 18,        ///< sub-index: view; index: epoch * examples + example (a value of a file, drawn anew)
};

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a counter-based generator. The
/// key is the seed; the counter is {draw (32 bits), purpose (8) and sub-index (24), index (64)}. A draw is a pure
/// function of these: it does not depend on thread, worker, rank or device, and a resumed run needs only its step.
class Philox {
 public:
  struct Block {
    std::uint32_t word[4];
  };

  static constexpr int kRounds = 10;

  HOST_DEVICE static Block block(Block counter, std::uint32_t key0, std::uint32_t key1) {
    for (int round = 0; round < kRounds; ++round) counter = after_round(round, counter, key0, key1);
    return counter;
  }
  /// One round of a block, for loops over many blocks.
  HOST_DEVICE static Block after_round(int round, Block counter, std::uint32_t key0, std::uint32_t key1) {
    key0 += static_cast<std::uint32_t>(round) * 0x9E3779B9u;
    key1 += static_cast<std::uint32_t>(round) * 0xBB67AE85u;
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter.word[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter.word[2];
    return {{static_cast<std::uint32_t>(product1 >> 32) ^ counter.word[1] ^ key0, static_cast<std::uint32_t>(product1),
             static_cast<std::uint32_t>(product0 >> 32) ^ counter.word[3] ^ key1,
             static_cast<std::uint32_t>(product0)}};
  }

  HOST_DEVICE Philox(std::uint64_t seed, Purpose purpose, std::uint32_t sub_index, std::uint64_t index)
      : key0_(static_cast<std::uint32_t>(seed)),
        key1_(static_cast<std::uint32_t>(seed >> 32)),
        stream_(static_cast<std::uint32_t>(purpose) << 24 | (sub_index & 0xFFFFFFu)),
        index_(index) {}

  /// The four words of one draw of this stream, which `next` returns one by one: for threads that share a stream.
  HOST_DEVICE Block words(std::uint32_t draw) const { return block(counter(draw), key0_, key1_); }
  HOST_DEVICE Block counter(std::uint32_t draw) const {
    return {{draw, stream_, static_cast<std::uint32_t>(index_), static_cast<std::uint32_t>(index_ >> 32)}};
  }
  HOST_DEVICE std::uint32_t key0() const { return key0_; }
  HOST_DEVICE std::uint32_t key1() const { return key1_; }
  /// The next 32 random bits of this stream (four per Philox block).
  HOST_DEVICE std::uint32_t next() {
    if (used_ == 4) {
      block_ = words(draw_++);
      used_ = 0;
    }
    return block_.word[used_++];
  }
  HOST_DEVICE std::uint64_t next64() {
    const std::uint64_t low = next();
    return low | std::uint64_t{next()} << 32;
  }
  /// Uniform in [0, 1) with 24 bits: exact in float.
  HOST_DEVICE float uniform() { return static_cast<float>(next() >> 8) * 0x1p-24f; }
  /// Uniform in [0, 1) with 53 bits.
  HOST_DEVICE double uniform64() { return static_cast<double>(next64() >> 11) * 0x1p-53; }
  /// Uniform integer in [0, bound), 0 < bound <= 2^32, by multiply-shift (bias below bound / 2^32).
  HOST_DEVICE std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>((next() * bound) >> 32); }
  /// Standard normal by Box-Muller, from two 32-bit words.
  HOST_DEVICE double normal() {
    const std::uint32_t first = next();
    return normal_of(first, next());
  }
  HOST_DEVICE static double normal_of(std::uint32_t first, std::uint32_t second) {
    const double radius = std::sqrt(-2.0 * std::log((first + 1.0) * 0x1p-32));
    return radius * std::cos(6.283185307179586 * (second * 0x1p-32));
  }

 private:
  std::uint32_t key0_, key1_, stream_;
  std::uint64_t index_;
  std::uint32_t draw_ = 0;
  int used_ = 4;
  Block block_{};
};

}  // namespace engine
