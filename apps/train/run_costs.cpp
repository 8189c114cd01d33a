#include "apps/train/run_costs.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "apps/evaluation/features.h"
#include "apps/input/augmentation_rules.h"
#include "apps/input/run_data.h"
#include "apps/objectives/objective.h"
#include "data/host_batch.h"
#include "engine/optim/training_status.h"

namespace apps {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// The first examples of a source.
class Beginning final : public data::Source {
 public:
  Beginning(const data::Source& source, std::int64_t count) : source_(source), count_(count) {}
  std::int64_t size() const override { return count_; }
  const data::InputLayout& layout() const override { return source_.layout(); }
  void read(const data::Visit& visit, const data::DecodeHint& hint, data::Example& example) const override {
    source_.read(visit, hint, example);
  }
  std::string describe() const override { return source_.describe(); }

 private:
  const data::Source& source_;
  std::int64_t count_;
};

/// The shortest of up to three runs, and of fewer if these take long.
template <class Work>
double shortest_ms(const engine::Context& context, const Work& work) {
  constexpr double kEnoughSeconds = 0.3;
  double shortest = 0;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < 3 && (i == 0 || seconds_since(begin) < kEnoughSeconds); ++i) {
    context.backend().synchronize();
    const Clock::time_point from = Clock::now();
    work();
    context.backend().synchronize();
    const double ms = seconds_since(from) * 1e3;
    shortest = i == 0 ? ms : std::min(shortest, ms);
  }
  return shortest;
}

/// The first steps of a size time algorithms; the next ones are measured.
StepCost try_step(const engine::Context& context, const MeasuredRun& run, engine::TrainingStatus& status,
                  std::int64_t images) {
  engine::Pool& pool = context.pool();
  const std::size_t before = pool.used_bytes();
  DeviceBatch batch(context, run.train, images);
  batch.upload(first_examples(run.train, images));
  const auto step = [&] {
    status.prepare_step();
    run.step.run(batch, status);
  };
  step();
  pool.reset_peak();
  const double ms = shortest_ms(context, step);
  return {.images = images, .ms = ms, .bytes = pool.peak_bytes() - std::min(before, pool.peak_bytes())};
}

std::int64_t smallest_batch(const Config& config) {
  const std::int64_t parts = config.objective.name == ObjectiveName::queue ? config.queue.batch_norm_groups : 1;
  return std::min(2 * parts, config.train.batch_size);  // a contrastive loss needs a second image
}

std::vector<StepCost> try_steps(const engine::Context& context, const MeasuredRun& run, std::size_t available_bytes,
                                double budget_seconds) {
  engine::TrainingStatus status(
      context, [](std::int64_t) { return 0; }, 0);  // a rate of 0 keeps the weights
  const Clock::time_point begin = Clock::now();
  std::vector<StepCost> tried;
  const std::int64_t batch_size = run.config.train.batch_size;
  for (std::int64_t images = smallest_batch(run.config);; images = std::min(2 * images, batch_size)) {
    const Clock::time_point from = Clock::now();
    try {
      tried.push_back(try_step(context, run, status, images));
    } catch (const engine::OutOfMemory&) {
      if (tried.empty()) throw;
      break;
    }
    constexpr double kShareOfMemory = 0.8;  // the machine may have other work
    const double next_seconds = 2 * seconds_since(from);
    const double most_seconds = tried.size() < 2 ? 2 * budget_seconds : budget_seconds;  // two make a line
    const auto next_bytes = static_cast<double>(context.pool().used_bytes() + 2 * tried.back().bytes);
    if (images == batch_size || seconds_since(begin) + next_seconds > most_seconds ||
        next_bytes > kShareOfMemory * static_cast<double>(available_bytes))
      break;
  }
  return tried;
}

struct Reading {
  double ms = 0;
  std::size_t bytes = 0;
};

/// Of an image, by one thread; for the second time, as in all epochs but the first.
Reading measure_reading(const data::Source& source) {
  constexpr std::int64_t kImages = 16;
  const std::int64_t count = std::min(kImages, source.size());
  data::Example example;
  Clock::time_point begin;
  std::size_t bytes = 0;
  for (const bool second : {false, true}) {
    begin = Clock::now();
    bytes = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      source.read({.example = i, .fetch = static_cast<std::uint64_t>(second ? source.size() + i : i)}, {}, example);
      bytes += example.pixels.size();
    }
  }
  return {.ms = seconds_since(begin) * 1e3 / static_cast<double>(count),
          .bytes = bytes / static_cast<std::size_t>(count)};
}

/// Of an image of the test set.
double measure_evaluation(const engine::Context& context, const MeasuredRun& run, std::int64_t images) {
  const Beginning test(run.test, std::min(images, run.test.size()));
  const Representation features = run.model.objective->representation(Representation::kFeatures);
  const auto evaluate = [&] {
    extract_features(context, features, test,
                     {.rules = evaluation_rules(run.config.data.augment, test),
                      .images = activation_dtype(run.config.run.compute.precision),
                      .workers = run.config.data.loader.workers});
  };
  evaluate();
  return shortest_ms(context, evaluate) / static_cast<double>(test.size());
}

}  // namespace

const StepCost& smaller_step(std::span<const StepCost> tried) { return tried[tried.size() < 3 ? 0 : tried.size() - 3]; }

StepCost extended_to(std::span<const StepCost> tried, std::int64_t images) {
  const StepCost& last = tried.back();
  if (last.images == images) return last;
  const StepCost& before = smaller_step(tried);
  const auto at = [&](double small, double large) {
    const auto n = static_cast<double>(images), n1 = static_cast<double>(before.images),
               n2 = static_cast<double>(last.images);
    const double slope = n1 < n2 ? (large - small) / (n2 - n1) : 0;
    const bool usable = slope > 0 && large - slope * n2 >= 0;
    return usable ? large + slope * (n - n2) : large / n2 * n;
  };
  return {.images = images,
          .ms = at(before.ms, last.ms),
          .bytes = static_cast<std::size_t>(at(static_cast<double>(before.bytes), static_cast<double>(last.bytes)))};
}

std::int64_t RunCosts::fitting_images() const {
  const double each = static_cast<double>(step.bytes + (on_host ? ahead_bytes : 0)) / static_cast<double>(step.images);
  if (available_bytes <= kept_bytes) return 0;
  return std::min(step.images, static_cast<std::int64_t>(static_cast<double>(available_bytes - kept_bytes) / each));
}

double RunCosts::step_ms() const {
  const double reading = reading_ms * static_cast<double>(step.images);
  return on_host ? step.ms + reading : std::max(step.ms, reading);
}

double RunCosts::evaluation_seconds() const {
  return evaluating_ms * 1e-3 * static_cast<double>(evaluated_images) * static_cast<double>(evaluations);
}

double RunCosts::seconds(std::int64_t steps) const {
  return step_ms() * 1e-3 * static_cast<double>(steps) + evaluation_seconds();
}

std::int64_t count_evaluations(const TrainingPlan& plan, std::int64_t every) {
  if (every == 0) return 1;
  const std::int64_t steps = every * plan.steps_per_epoch;
  return plan.schedule.steps / steps + (plan.schedule.steps % steps == 0 ? 0 : 1);
}

RunCosts measure_costs(const engine::Context& context, const MeasuredRun& run, double budget_seconds) {
  RunCosts costs;
  costs.evaluations = count_evaluations(run.plan, run.config.eval.every);
  costs.evaluated_images = run.test.size();
  costs.kept_bytes = context.pool().used_bytes();
  costs.available_bytes = context.pool().held_bytes() + context.backend().free_bytes();
  costs.on_host = !context.on_cuda();
  const Reading reading = measure_reading(run.train);
  const data::LoaderOptions& loader = run.config.data.loader;
  costs.reading_ms = reading.ms / loader.workers;
  const std::size_t batch_bytes = reading.bytes * static_cast<std::size_t>(run.config.train.batch_size);
  costs.ahead_bytes = std::max(2 * batch_bytes, static_cast<std::size_t>(loader.ring_bytes));
  costs.tried = try_steps(context, run, costs.available_bytes, budget_seconds);
  costs.step = extended_to(costs.tried, run.config.train.batch_size);
  costs.evaluating_ms = measure_evaluation(context, run, costs.tried.back().images);
  return costs;
}

}  // namespace apps
