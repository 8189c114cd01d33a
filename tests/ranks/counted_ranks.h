#pragma once
#include <cstdint>

#include "kernels/runtime/communicator.h"

namespace tests {

/// The ranks of another communicator, and the bytes that this rank has handed to it.
class CountedRanks final : public engine::Communicator {
 public:
  explicit CountedRanks(engine::Communicator& ranks) : ranks_(ranks) {}

  std::int64_t gathered_bytes() const { return gathered_; }  ///< of the own parts, which all others get
  std::int64_t summed_bytes() const { return summed_; }
  std::int64_t scattered_bytes() const { return scattered_; }  ///< of which every rank gets the sum of its part
  std::int64_t other_bytes() const { return other_; }
  void reset() { gathered_ = summed_ = scattered_ = other_ = 0; }

  int rank() const override { return ranks_.rank(); }
  int ranks() const override { return ranks_.ranks(); }
  void all_reduce(const engine::View& x) override {
    summed_ += bytes_of(x);
    ranks_.all_reduce(x);
  }
  void begin_all_reduce(const engine::View& x) override {
    summed_ += bytes_of(x);
    ranks_.begin_all_reduce(x);
  }
  double finish_all_reduces() override { return ranks_.finish_all_reduces(); }
  void all_gather(const engine::View& x) override {
    gathered_ += bytes_of(x) / ranks();
    ranks_.all_gather(x);
  }
  void reduce_scatter(const engine::View& x) override {
    scattered_ += bytes_of(x);
    ranks_.reduce_scatter(x);
  }
  void broadcast(const engine::View& x, int from) override {
    other_ += bytes_of(x);
    ranks_.broadcast(x, from);
  }
  std::int64_t highest(std::int64_t value) override {
    other_ += static_cast<std::int64_t>(sizeof(value));
    return ranks_.highest(value);
  }
  std::vector<std::string> exchange(const std::string& text) override {
    other_ += static_cast<std::int64_t>(text.size());
    return ranks_.exchange(text);
  }
  double patience() const override { return ranks_.patience(); }
  void set_patience(double seconds) override { ranks_.set_patience(seconds); }
  void leave() override { ranks_.leave(); }
  void abort(int exit_code) override { ranks_.abort(exit_code); }

 private:
  static std::int64_t bytes_of(const engine::View& x) {
    return x.shape.elements() * static_cast<std::int64_t>(size_of(x.dtype));
  }

  engine::Communicator& ranks_;
  std::int64_t gathered_ = 0, summed_ = 0, scattered_ = 0, other_ = 0;
};

}  // namespace tests
