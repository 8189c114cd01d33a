#include "apps/reproduce/estimate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iostream>

#include "apps/config/training_plan.h"
#include "apps/input/run_data.h"
#include "apps/reproduce/measures.h"
#include "apps/run/about_time.h"
#include "apps/run/exit_code.h"
#include "apps/train/make_context.h"
#include "apps/train/trainer.h"
#include "data/stand_in.h"

namespace apps {
namespace {

/// The request with blank images in place of the data that the user does not give; nothing if their size cannot be
/// guessed.
std::optional<Request> on_blank_images(const Experiment& experiment, Request request) {
  for (const NamedSource& source : experiment.sources) {
    if (request.sources.contains(source.name)) continue;
    const auto blank = source.stand_in.empty() ? data::with_blank_images(source.usual) : source.stand_in;
    if (!blank) return std::nullopt;
    request.sources[source.name] = *blank;
  }
  return request;
}

/// What affects the time of an image: the network, its input and the device, not the length of the training.
std::string network_text(const Config& config) {
  std::string text = config.data.source.substr(0, config.data.source.find('('));
  for (const ConfigField& field : config_table()) {
    for (const std::string_view part : {"model.", "objective.", "augment.", "run."}) {
      if (field.key.starts_with(part) && field.key != "run.plans" && !field.key.starts_with("model.proj_"))
        text.append("|").append(field.text(config));
    }
  }
  return text;
}

/// Images that the evaluations of a cell push through the network.
double evaluated_images(const Experiment& experiment, const Cell& cell, const Config& config, double train,
                        double test) {
  double images = 0;
  for (const Measure& measure : experiment.measures) {
    if (!applies(cell, measure) || measure.kind != MeasureKind::lineval) continue;
    images += test + train * (config.lineval.redraw ? static_cast<double>(config.lineval.epochs) : 1);
  }
  return images;
}

std::int64_t asked(const std::vector<Cell>& cells) {
  return std::count_if(cells.begin(), cells.end(), [](const Cell& cell) { return cell.asked; });
}

std::string time_text(const std::optional<double>& seconds) { return seconds ? about_time(*seconds) : "time unknown"; }

/// "MNIST's four idx files: --data mnist:PATH"
std::string needs_text(const Experiment& experiment, const Budget& budget) {
  const std::vector<NamedSource> sources = experiment.sources_of(budget);
  std::vector<std::string> needs;
  for (const NamedSource& source : sources)
    needs.push_back(fmt::format("{}: --data {}{}:PATH", source.needs, sources.size() == 1 ? "" : source.name + "=",
                                source.usual.substr(0, source.usual.find(':'))));
  return needs.empty() ? "no data" : fmt::format("{}", fmt::join(needs, ", "));
}

}  // namespace

std::optional<Estimator::Costs> Estimator::costs_of(const Config& config) {
  const std::string network = network_text(config);
  if (const auto found = known_.find(network); found != known_.end()) return found->second;
  constexpr double kBudgetSeconds = 0.7;
  std::optional<Costs> costs;
  try {
    const engine::Context context = make_context(config.run.compute);
    context.algorithms().time_new(false);  // timing them would take longer than all steps here
    Trainer trainer(context, config);
    const RunCosts measured = trainer.costs(kBudgetSeconds);
    costs = {.training_ms = measured.step_ms() / static_cast<double>(measured.step.images),
             .evaluating_ms = measured.evaluating_ms};
  } catch (const engine::OutOfMemory&) {}  // unknown here, and also by --dry-run of pretrain
  return known_[network] = costs;
}

std::optional<double> Estimator::seconds(const Experiment& experiment, const Request& request) {
  const auto blank = on_blank_images(experiment, request);
  if (!blank) return std::nullopt;
  double ms = 0;
  for (const Cell& cell : cells_of(experiment, *blank)) {
    if (!cell.asked) continue;
    const Config config = cell.config();
    const auto costs = costs_of(config);
    if (!costs) return std::nullopt;
    const auto train = open_data(config.data, data::Role::pretrain, cell.seed),
               test = open_data(config.data, data::Role::probe_test, cell.seed);
    const TrainingPlan plan = plan_training(config.train, config.optim, train->size());
    const auto train_size = static_cast<double>(train->size()), test_size = static_cast<double>(test->size());
    double images = evaluated_images(experiment, cell, config, train_size, test_size);
    if (!cell.untrained) {
      ms += costs->training_ms * static_cast<double>(plan.schedule.steps * config.train.batch_size);
      images += test_size * static_cast<double>(count_evaluations(plan, config.eval.every));
    }
    ms += costs->evaluating_ms * images;
  }
  return ms / 1e3;
}

std::string description(const Experiment& experiment, Estimator& estimator) {
  std::string text = fmt::format("{}\n  {}\n  paper  {}\n  shows  {}\n", experiment.name, experiment.title,
                                 experiment.figure, experiment.shows);
  for (const Budget& budget : experiment.budgets) {
    const Request request{.out = {}, .budget = budget.name};
    text += fmt::format("  {:<6} {} runs, {}; needs {}\n", budget.name, asked(cells_of(experiment, request)),
                        time_text(estimator.seconds(experiment, request)), needs_text(experiment, budget));
  }
  return text;
}

std::string plan_text(const Experiment& experiment, const Request& request, Estimator& estimator) {
  std::string text;
  const std::vector<Cell> cells = cells_of(experiment, request);
  for (const Cell& cell : cells) {
    if (!cell.asked) continue;
    const Config config = cell.config();
    text += fmt::format("{:<40} {}\n", cell.name,
                        cell.untrained            ? "untrained"
                        : config.train.steps != 0 ? fmt::format("{} steps of {}, {}", config.train.steps,
                                                                config.train.batch_size, config.data.source)
                                                  : fmt::format("{} epochs in batches of {}, {}", config.train.epochs,
                                                                config.train.batch_size, config.data.source));
  }
  return text +
         fmt::format("{} runs, {} on this device\n", asked(cells), time_text(estimator.seconds(experiment, request)));
}

}  // namespace apps
