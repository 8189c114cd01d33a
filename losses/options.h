#pragma once
#include <cstdint>
#include <optional>

#include "kernels/prior.h"
#include "kernels/runtime/names.h"

namespace losses {

enum class LossName { nt_xent, cross_view, decoupled, swd, sigreg, visreg };

/// Whether the loss is a cross-entropy, in nats; the others are sums of unlike terms.
bool is_cross_entropy(LossName name);
/// Whether the loss compares projections of the rows on random directions, `Options::slices`.
bool has_slices(LossName name);

/// How the terms of alignment + lambda * distribution are averaged: as in the authors' notebook, or as in Table 1 and
/// Algorithm 1 of their paper (Chen et al. 2021). A lambda belongs to one of them.
enum class Scaling { notebook, paper };
/// What the sliced Wasserstein distance compares with: a new sample of the prior at every step (the paper's Algorithm
/// 1), or the quantiles i / (N + 1) of its projections.
enum class PriorSample { drawn, quantiles };
/// The temperature over time: one value, or a cosine between two (Kukleva et al. 2023).
enum class TemperatureSchedule { constant, cosine };

/// A loss and its parameters; docs/losses.md has the formulas. An absent number is the loss's own default.
struct Options {
  LossName name = LossName::nt_xent;

  std::optional<float> temperature = {};  ///< divides the similarities; with a schedule the lowest value
  TemperatureSchedule temperature_schedule = TemperatureSchedule::constant;
  float temperature_high = 1;        ///< the highest value of a schedule
  double temperature_period = 200;   ///< of a schedule, in epochs
  std::int64_t steps_per_epoch = 1;  ///< follows from the data

  float ifm_epsilon = 0, hard_negative_beta = 0, debias_tau_plus = 0;  ///< remedies: see SimilarityOptions

  std::optional<float> lambda = {};  ///< weighs the distribution against the alignment
  float scale = 1;                   ///< multiplies the loss
  Scaling scaling = Scaling::notebook;
  std::optional<bool> normalize = {};  ///< whether the loss compares unit rows, or the head's outputs as they are
  bool self_pair = true;               ///< whether a row is among the candidates of its own log-sum-exp
  bool temperature_factor = false;     ///< whether the log-sum-exp is multiplied by the temperature

  kernels::Prior prior = kernels::Prior::sphere;
  float prior_scale = 1;  ///< half the cube's width, or the normal prior's standard deviation
  PriorSample prior_sample = PriorSample::drawn;
  std::optional<std::int64_t> slices = {};  ///< random directions of projections
  bool fixed_directions = false;            ///< whether these stay the same in all steps
  int knots = 17;                           ///< where SIGReg compares characteristic functions ...
  float knot_range = 3;                     ///< ... from 0 to this

  /// The same with the loss's own defaults in place of absent numbers.
  Options resolved() const;

  bool operator==(const Options&) const = default;
};

}  // namespace losses

template <>
inline constexpr std::array engine::kNames<losses::LossName> = {"nt-xent", "cross-view", "decoupled",
                                                                "swd",     "sigreg",     "visreg"};
template <>
inline constexpr std::array engine::kNames<losses::Scaling> = {"notebook", "paper"};
template <>
inline constexpr std::array engine::kNames<losses::PriorSample> = {"drawn", "quantiles"};
template <>
inline constexpr std::array engine::kNames<losses::TemperatureSchedule> = {"constant", "cosine"};
