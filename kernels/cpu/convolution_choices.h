#pragma once
#include <functional>
#include <map>
#include <string>

#include "kernels/cpu/convolution_plans.h"
#include "kernels/runtime/timed_choices.h"

namespace kernels::cpu {

/// Ways to compute a convolution, equal but for rounding.
enum class ConvolutionAlgorithm {
  direct,    ///< oneDNN on NHWC images
  blocked,   ///< oneDNN on copies in blocks of channels
  lowered,   ///< windows gathered into a matrix, one product
  winograd,  ///< our own F(4x4, 3x3) on NHWC images
};

/// Which algorithm computes which convolution. Without a timing a fixed rule decides; with `time_new`, convolutions
/// that are large enough to matter are timed once, in all ways that take them. Which way is taken decides how results
/// round, so the choices of a run are kept with it.
class ConvolutionChoices final : public engine::TimedChoices {
 public:
  /// Runs a convolution once in a given way, and says how long that took.
  using Seconds = std::function<double(ConvolutionAlgorithm)>;

  void time_new(bool on) override { time_new_ = on; }
  void ask_before_timing(std::function<Names()> ask) override { ask_ = std::move(ask); }

  /// The algorithm of a convolution.
  ConvolutionAlgorithm choose(const ConvolutionProblem& problem, const Seconds& seconds);

  /// The timed choices that were made use of: "conv2d_forward x=64x28x28x64 weight=64x3x3x64 stride=1 pad=1", with
  /// " bf16" behind it where it is in bf16 -> "winograd".
  const Names& names() const override { return used_; }
  /// Takes up earlier choices, in place of those of the same problems here. One that this build does not know, or that
  /// does not take its problem, is as good as none.
  void restore(const Names& names) override;

 private:
  ConvolutionAlgorithm decide(const ConvolutionProblem& problem, const Seconds& seconds);

  bool time_new_ = false;
  std::function<Names()> ask_;
  std::map<ConvolutionProblem, ConvolutionAlgorithm> decided_;  // in this process
  std::map<std::string, ConvolutionAlgorithm> timed_;           // in this or an earlier one
  Names used_;                                                  // of these
};

}  // namespace kernels::cpu
