#include "apps/reproduce/experiments.h"

#include <fmt/format.h>

#include "apps/run/exit_code.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

const std::vector<Experiment>& table() {
  static const std::vector<Experiment> experiments = {
      {.name = "randbits-mnist",
       .title = "RandBits on MNIST: random bits that both views share compete with the digits",
       .figure = "Fig. 7a in small: the RandBits notebook of the authors",
       .published = "test accuracy that the notebook prints, one run per figure",
       .protocol =
           "in a fixed order, Adam with a rate that falls from 1e-3 to 0, cross-view loss; test accuracy of the "
           "linear classifier that trains beside the encoder on its first view, after the last step",
       .source = "mnist:",
       .data = "MNIST's four idx files: --data mnist:DIR",
       .cost = "15 runs of 600 steps per seed, about 1.5 minutes each on two cores",
       .rows = {.key = "loss.temperature",
                .label = "temperature",
                .values = {{"0.05", "t0.05"}, {"0.1", "t0.10"}, {"0.2", "t0.20"}}},
       .columns = {.key = "data.bits",
                   .label = "bits",
                   .values = {{"0", "bits00"}, {"5", "bits05"}, {"10", "bits10"}, {"15", "bits15"}, {"20", "bits20"}}},
       .figures = {0.8992, 0.7063, 0.3299, 0.1426, 0.0990,    //
                   0.8916, 0.6118, 0.1867, 0.0980, 0.1033,    //
                   0.8998, 0.3299, 0.1035, 0.1003, 0.0989}},  //
  };
  return experiments;
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> all;
  for (const Experiment& experiment : table()) all.push_back(experiment.name);
  return all;
}

}  // namespace

std::span<const Experiment> experiments() { return table(); }

const Experiment& find_experiment(std::string_view name) {
  for (const Experiment& experiment : table()) {
    if (experiment.name == name) return experiment;
  }
  throw UsageError(fmt::format("there is no experiment '{}'; the nearest is {}", name, engine::nearest(name, names())));
}

std::string experiments_text() {
  std::string text;
  for (const Experiment& e : table()) {
    text += fmt::format("{}\n  {}\n  paper  {}\n  needs  {}\n  cost   {}\n", e.name, e.title, e.figure, e.data, e.cost);
  }
  return text;
}

}  // namespace apps
