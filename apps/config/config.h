#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "apps/config/augmentation_options.h"
#include "apps/config/compute.h"
#include "apps/config/linear_evaluation.h"
#include "apps/config/objective_options.h"
#include "apps/config/plan_source.h"
#include "data/loader.h"
#include "engine/optim/optimizer_options.h"
#include "engine/optim/schedule.h"
#include "losses/options.h"
#include "models/encoder_options.h"
#include "models/projection_head.h"

namespace apps {

/// The views that the online probe trains on.
enum class ProbeViews { both, first };
/// How a number of epochs becomes a number of steps: epochs of whole batches, or SimCLR's count, which may end within
/// an epoch.
enum class StepsFromEpochs { whole_batches, simclr };

/// Everything that decides what a training run computes, and how it is run and logged. It consists of the components'
/// own options, with the defaults below. Options that follow from the data or from other parts are filled in where the
/// component is created. Keys, flags, ranges and explanations are in the tables of this folder.
struct Config {
  struct Data {
    std::string source = "digits:";
    int bits = 0;                 ///< random bits around the source
    bool bits_per_fetch = false;  ///< drawn anew at every visit
    bool skip_bad = false;        ///< images that cannot be read are replaced and counted
    std::int64_t resident_mib = 1024;
    data::LoaderOptions loader{.workers = 2};
    AugmentationOptions augment;
    bool operator==(const Data&) const = default;
  } data;

  struct Model {
    models::EncoderOptions encoder;
    std::string init = {};  ///< file with the encoder's first weights; empty: they are drawn
    models::ProjectionHead::Options head;
    bool operator==(const Model&) const = default;
  } model;

  struct Objective {
    ObjectiveName name = ObjectiveName::contrastive;
    bool batch_norm_per_view = false;
    ProbeViews probe_views = ProbeViews::both;
    std::vector<std::string> probe_taps = {};    ///< with an online probe of their own, beside that on the features
    std::vector<std::string> probe_labels = {};  ///< label sets with a probe of their own, beside the first
    bool operator==(const Objective&) const = default;
  } objective;

  SupervisedOptions supervised;
  MomentumEncoderOptions momentum_encoder;
  QueueOptions queue;
  ByolOptions byol;
  VaeOptions vae;

  losses::Options loss;

  struct Optim {
    engine::OptimizerOptions update;
    engine::Schedule schedule;  ///< its peak before `lr_scaling`; its length is set later
    engine::LearningRateScaling lr_scaling = engine::LearningRateScaling::none;
    double warmup_epochs = 0.0;
    bool operator==(const Optim&) const = default;
  } optim;

  struct Train {
    std::int64_t batch_size = 256;
    std::int64_t epochs = 0, steps = 0;
    StepsFromEpochs steps_from_epochs = StepsFromEpochs::whole_batches;
    bool fill_last_batch = false;
    data::LastBatch last_batch() const { return fill_last_batch ? data::LastBatch::fill : data::LastBatch::drop; }
    std::int64_t seed = 1;
    bool operator==(const Train&) const = default;
  } train;

  struct Eval {
    std::int64_t every = 0;
    bool operator==(const Eval&) const = default;
  } eval;

  LinearEvaluation lineval;  ///< how `lineval` evaluates the run, unless its flags change it

  struct Run {
    std::int64_t log_every = 10;
    std::int64_t ckpt_every = 1;
    std::int64_t keep = 3;
    Compute compute;
    bool cuda_graph = true;
    PlanSource plans;
    bool report = true;
    bool tensorboard = true;
    SentGradients sent_gradients = SentGradients::fp32;
    std::int64_t bucket_mib = 8;      ///< of gradients that are summed over the ranks at a time; 0: all
    std::int64_t rank_timeout = 600;  ///< seconds that a rank waits for another one
    bool operator==(const Run&) const = default;
  } run;

  bool operator==(const Config&) const = default;
};

}  // namespace apps

template <>
inline constexpr std::array engine::kNames<apps::ProbeViews> = {"both", "first"};
template <>
inline constexpr std::array engine::kNames<apps::StepsFromEpochs> = {"whole-batches", "simclr"};
