#pragma once
#include <cstdint>
#include <string>

namespace apps {

/// Everything that decides what a training run computes, and how it is run and logged. The defaults are here; names,
/// flags, ranges and explanations are in the one table of apps/run/fields.cpp.
struct Config {
  struct Data {
    std::string source = "digits:";
    std::int64_t bits = 0;
    bool bits_per_fetch = false;
    bool shuffle = true;
    double crop_area_min = 0.08, crop_area_max = 1.0;
    std::int64_t workers = 2;
    bool operator==(const Data&) const = default;
  } data;

  struct Model {
    std::string arch = "convn";
    std::string variant = "simclr", stem = "auto";
    bool zero_gamma = true;
    std::int64_t width = 1;
    std::int64_t proj_layers = 2, proj_dim = 64, proj_hidden = 0;
    bool proj_output_bn = true;
    double bn_eps = 1e-5, bn_momentum = 0.9;
    bool bn_unbiased_variance = true;
    bool bn_per_view = false;
    std::string probe_views = "both";
    bool operator==(const Model&) const = default;
  } model;

  struct Loss {
    std::string name = "nt-xent";
    double temperature = 0.1;
    bool operator==(const Loss&) const = default;
  } loss;

  struct Optim {
    std::string name = "adam";
    double lr = 1e-3;
    std::string lr_scaling = "none";
    std::string schedule = "constant";
    double polynomial_power = 1.0;
    double warmup_epochs = 0.0;
    double beta1 = 0.9, beta2 = 0.999, eps = 1e-7;
    double momentum = 0.9;
    bool nesterov = true;
    std::string sgd_form = "pytorch";
    double trust_coefficient = 1e-3;
    double weight_decay = 0.0, l2 = 0.0;
    bool operator==(const Optim&) const = default;
  } optim;

  struct Train {
    std::int64_t batch_size = 256;
    std::int64_t epochs = 0, steps = 0;
    std::string steps_from_epochs = "whole-batches";
    std::int64_t seed = 1;
    bool operator==(const Train&) const = default;
  } train;

  struct Eval {
    std::int64_t every = 0;
    bool operator==(const Eval&) const = default;
  } eval;

  struct Run {
    std::int64_t log_every = 10;
    std::int64_t ckpt_every = 1;
    std::int64_t keep = 3;
    std::string device = "cpu";
    std::int64_t threads = 0;
    std::string precision = "fp32";
    bool cuda_graph = true;
    bool repeatable = true;
    std::string plans = "timed";
    bool report = true;
    bool operator==(const Run&) const = default;
  } run;

  bool operator==(const Config&) const = default;
};

}  // namespace apps
