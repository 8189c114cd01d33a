#include "apps/config/fields.h"
#include "apps/config/ranges.h"
#include "kernels/epps_pulley.h"

namespace apps {
namespace {

constexpr Range temperatures() { return between(1e-6, 1e6); }

}  // namespace

std::vector<ConfigField> loss_fields() {
  const Condition contrastive = when("objective.name", {"contrastive"});
  // The queue's loss takes the options of nt-xent.
  const Condition compares = when("objective.name", {"contrastive", "queue"});
  const auto of = [&](std::vector<std::string_view> losses) { return contrastive && when("loss.name", losses); };
  const Condition similarity = compares && when("loss.name", {"nt-xent", "cross-view", "decoupled"}),
                  cross_entropy = compares && when("loss.name", {"nt-xent", "cross-view"}),
                  two_terms = of({"decoupled", "swd", "sigreg", "visreg"}), of_paper = of({"decoupled", "swd"}),
                  decoupled = of({"decoupled"}), swd = of({"swd"}), sliced = of({"swd", "sigreg", "visreg"}),
                  sigreg = of({"sigreg"});
  const Condition cosine = similarity && when("loss.temperature_schedule", {"cosine"});
  return {
      {FIELD(loss.name), .flag = "--loss", .help = "contrastive loss: docs/losses.md", .only_with = contrastive},
      {FIELD(loss.temperature), .flag = "--temperature",
       .help = "divides the similarities; auto: 0.1, decoupled 1; with a schedule the lowest value",
       .range = temperatures(), .only_with = similarity},
      {FIELD(loss.temperature_schedule),
       .help = "cosine: from temperature_high to temperature and back in every period (Kukleva et al. 2023)",
       .only_with = similarity},
      {FIELD(loss.temperature_high), .help = "highest temperature of the schedule", .range = temperatures(),
       .only_with = cosine},
      {FIELD(loss.temperature_period), .help = "period of the schedule, in epochs", .range = between(1e-6, 1e6),
       .only_with = cosine},
      {FIELD(loss.ifm_epsilon),
       .help = "implicit feature modification: positives less similar, negatives more similar by this much, in half of "
               "the loss; 0: off",
       .range = float_or_zero(), .only_with = cross_entropy},
      {FIELD(loss.hard_negative_beta),
       .help = "negatives count in proportion to exp(beta * similarity / temperature); 0: all alike",
       .range = float_or_zero(), .only_with = cross_entropy},
      {FIELD(loss.debias_tau_plus), .help = "assumed share of negatives that are of the image's own class; 0: off",
       .range = {.min = kSmallestFloat, .max = kLargestDecay, .or_zero = true}, .only_with = cross_entropy},
      {FIELD(loss.lambda), .flag = "--lambda",
       .help = "weight of the distribution term; auto: decoupled 0.1, swd 5, sigreg 0.05, visreg 0.6",
       .range = float_or_zero(), .only_with = two_terms},
      {FIELD(loss.scale), .help = "multiplies the loss", .range = positive_float(), .only_with = of_paper},
      {FIELD(loss.scaling),
       .help = "how both terms are averaged: as in the authors' notebook, or as in the paper's Table 1 and Algorithm 1",
       .only_with = of_paper},
      {FIELD(loss.normalize),
       .help = "compare unit rows, or the head's outputs as they are; auto: on, but off for a cube or normal prior",
       .only_with = of_paper},
      {FIELD(loss.self_pair), .help = "each row is among the candidates of its own log-sum-exp",
       .only_with = decoupled},
      {FIELD(loss.temperature_factor),
       .help = "multiply the log-sum-exp by the temperature, as in the paper's equation 3", .only_with = decoupled},
      {FIELD(loss.prior), .flag = "--prior",
       .help = "distribution to match: uniform on the unit sphere or in a cube, or normal", .only_with = swd},
      {FIELD(loss.prior_scale), .help = "half the cube's width, or the normal prior's standard deviation",
       .range = positive_float(), .only_with = swd && when("loss.prior", {"cube", "normal"})},
      {FIELD(loss.prior_sample), .help = "drawn anew in every step, or its quantiles i / (N + 1)",
       .only_with = swd && when("loss.prior", {"normal"})},
      {FIELD(loss.slices),
       .help =
           "random directions of projections; auto: swd as many as dimensions, which is also the most; sigreg 1024; "
           "visreg 4096",
       .range = between(1, kMostDimensions), .only_with = sliced},
      {FIELD(loss.fixed_directions), .help = "the same directions in all steps", .only_with = swd},
      {FIELD(loss.knots), .help = "points at which characteristic functions are compared",
       .range = between(2, kernels::kMostKnots), .only_with = sigreg},
      {FIELD(loss.knot_range), .help = "the points are evenly spaced from 0 to this", .range = between(1e-3, 1e3),
       .only_with = sigreg},
  };
}

}  // namespace apps
