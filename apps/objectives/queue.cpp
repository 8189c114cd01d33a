#include "apps/objectives/queue.h"

#include <algorithm>
#include <utility>

#include "apps/objectives/encode.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/l2_normalize.h"
#include "engine/ops/ranks.h"
#include "engine/ops/rows.h"
#include "kernels/enqueue.h"
#include "kernels/prior.h"
#include "kernels/row_order.h"

namespace apps {

using engine::Tensor;

QueueObjective::QueueObjective(Network network, MomentumEncoder momentum, engine::State keys, const Options& options)
    : network_(std::move(network)), momentum_(std::move(momentum)), queues_(std::move(keys)), options_(options) {}

void QueueObjective::initialize(const engine::ParameterSet& parameters, std::uint64_t seed) {
  momentum_.initialize(parameters);
  const Tensor& queues = queues_.tensor();
  const auto& s = queues.shape();
  kernels::draw_prior(queues.context(), {.seed = seed,
                                         .step = {},
                                         .prior = kernels::Prior::sphere,
                                         .scale = 1,
                                         .rows = queues.view_as({s[0] * s[1], s[2]})});
}

Tensor QueueObjective::queue(std::size_t i) const {
  const Tensor& queues = queues_.tensor();
  return queues.narrow(static_cast<std::int64_t>(i), 1).view_as({queues.shape()[1], queues.shape()[2]});
}

/// The unit keys of a view, of the images of all ranks in the order of the batch.
Tensor QueueObjective::keys_of(const Tensor& views, std::int64_t view, const engine::StepClock& clock) const {
  const auto& s = views.shape();
  const engine::Context& context = views.context();
  const Tensor images = views.narrow(view, 1).view_as({s[1], s[2], s[3], s[4]});
  const std::int64_t groups = groups_here();
  if (options_.queue.batch_norm_groups == 1 || !options_.queue.shuffle)
    return engine::rows_of_all_ranks(engine::l2_normalize(momentum_.project(images, groups)));
  const Tensor order = Tensor::empty(context, {s[1] * context.ranks()}, engine::Dtype::i32);
  kernels::random_order(context, {.seed = static_cast<std::uint64_t>(options_.seed),
                                  .step = clock.status.narrow(kernels::kStatusStep, 1),
                                  .order = order});
  const Tensor shuffled = Tensor::empty(context, images.shape(), images.dtype());
  kernels::reorder_rows(context, {.x = engine::rows_of_all_ranks(images),
                                  .order = order.narrow(context.communicator().rank() * s[1], s[1]),
                                  .y = shuffled});
  const Tensor keys = engine::rows_of_all_ranks(engine::l2_normalize(momentum_.project(shuffled, groups)));
  Tensor ordered = Tensor::empty(context, keys.shape(), keys.dtype());
  kernels::reorder_rows(context, {.x = keys, .order = order, .inverse = true, .y = ordered});
  return ordered;
}

/// The groups that this rank's images are.
std::int64_t QueueObjective::groups_here() const {
  const std::int64_t groups = options_.queue.batch_norm_groups, ranks = queues_.tensor().context().ranks();
  EXPECTS(groups == 1 || groups % ranks == 0, "queue.batch_norm_groups: ", groups,
          " groups cannot be divided equally among ", ranks, " ranks");
  return std::max<std::int64_t>(groups / ranks, 1);
}

losses::ContrastiveLoss QueueObjective::contrast(const Tensor& queries, std::size_t i,
                                                 const engine::StepClock& clock) const {
  const bool exact = options_.activations == engine::Dtype::f32;
  const std::int64_t count = queries.shape()[0], first = queries.context().communicator().rank() * count;
  return losses::against_queue(
      queries, keys_[i].narrow(first, count), queue(i), options_.loss,
      {.seed = static_cast<std::uint64_t>(options_.seed), .step = clock.status.narrow(kernels::kStatusStep, 1)},
      exact ? losses::Products::exact : losses::Products::bf16);
}

Outcome QueueObjective::forward(const StepContext& step) {
  const Tensor views = step.batch.augmented_views(options_.augmentation, options_.seed, 2, options_.activations);
  const std::int64_t queries = options_.queue.symmetric ? 2 : 1, batch = views.shape()[1];
  Encoded encoded = encode(network_, views.narrow(0, queries), queries * groups_here(), step.taps);
  keys_ = {keys_of(views, 1, step.clock)};
  if (options_.queue.symmetric) keys_.push_back(keys_of(views, 0, step.clock));

  const engine::LayerRange layer(views.context(), "loss");
  losses::ContrastiveLoss loss;
  if (options_.queue.symmetric) {
    const losses::ContrastiveLoss one = contrast(engine::slice_rows(encoded.rows, 0, batch), 0, step.clock),
                                  other = contrast(engine::slice_rows(encoded.rows, batch, batch), 1, step.clock);
    const auto mean = [](const Tensor& a, const Tensor& b) { return engine::scale(engine::add(a, b), 0.5f); };
    loss = {.loss = mean(one.loss, other.loss),
            .alignment = mean(one.alignment, other.alignment),
            .distribution = mean(one.distribution, other.distribution),
            .accuracy = mean(one.accuracy, other.accuracy)};
  } else {
    loss = contrast(encoded.rows, 0, step.clock);
  }
  Outcome outcome{.loss = loss.loss, .tapped = std::move(encoded.tapped)};
  record(outcome, loss, kLossAxis);
  return outcome;
}

void QueueObjective::after_update(const StepContext& step) {
  momentum_.follow(step.clock);
  for (std::size_t i = 0; i < keys_.size(); ++i)
    kernels::enqueue(keys_[i].context(), {.rows = keys_[i], .queue = queue(i), .status = step.clock.status});
  keys_.clear();
}

}  // namespace apps
