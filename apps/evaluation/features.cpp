#include "apps/evaluation/features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "apps/input/augmentation_rules.h"
#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "kernels/convert.h"
#include "kernels/runtime/rounding.h"

namespace apps {
namespace {

using engine::Tensor;

/// Fixed, and not a share of them, so that a network computes the same bits on any number of ranks.
constexpr std::int64_t kBatch = 500;

/// The examples of one rank: some batches, and so some rows.
struct Share {
  std::int64_t first_batch, last_batch;  // without the last
  std::int64_t begin, end;
};

Share share_of(std::int64_t size, int rank, int ranks) {
  const std::int64_t batches = engine::ceil_div(size, kBatch);
  const std::int64_t first = batches * rank / ranks, last = batches * (rank + 1) / ranks;
  return {first, last, std::min(first * kBatch, size), std::min(last * kBatch, size)};
}

/// Gives every rank what the others have computed.
void gather(const Features& features, const engine::Context& context, std::int64_t size) {
  if (context.ranks() == 1) return;
  for (int rank = 0; rank < context.ranks(); ++rank) {
    const Share share = share_of(size, rank, context.ranks());
    const auto send = [&](const Tensor& all) {
      context.communicator().broadcast(all.narrow(share.begin, share.end - share.begin), rank);
    };
    send(features.values);
    for (const auto& [set, targets] : features.targets) send(targets);
  }
}

}  // namespace

Features extract_features(const engine::Context& context, const Representation& of, const data::Source& source,
                          const Extraction& how, const std::function<void(std::int64_t done)>& progress) {
  const std::int64_t size = source.size();
  const data::InputLayout& layout = source.layout();
  Features features{.values = Tensor::empty(context, {size, of.features()})};
  for (const data::LabelSet& set : layout.labels) {
    Tensor& targets = features.targets[set.name];
    if (set.per_example == 1)
      targets = Tensor::empty(context, {size}, engine::Dtype::i32);
    else
      targets = Tensor::empty(context, {size, set.classes});
  }
  extract_features_into(features, context, of, source, how, progress);
  return features;
}

void extract_features_into(const Features& features, const engine::Context& context, const Representation& of,
                           const data::Source& source, const Extraction& how,
                           const std::function<void(std::int64_t done)>& progress) {
  const std::int64_t size = source.size();
  const Share own = share_of(size, context.communicator().rank(), context.ranks());
  data::LoaderOptions order = evaluation_order(std::min(kBatch, size), size, how.workers, how.epoch);
  order.steps = order.first_step + own.last_batch;
  order.first_step += own.first_batch;
  order.hint = decode_hint(how.rules, source);
  std::optional<data::Loader> loader;
  if (own.begin < own.end) loader.emplace(source, order);
  std::optional<DeviceBatch> batch;
  for (std::int64_t begin = own.begin, count = 0; begin < own.end; begin += count) {
    const data::Loader::Lease examples = loader->next();
    count = examples->rows;
    if (!batch || batch->size() != count) batch.emplace(context, source, count);
    batch->upload(count == examples->capacity() ? *examples : examples->head(count));
    const Tensor values = of(batch->evaluation_images(how.rules, how.images));
    kernels::convert(context, {.x = values, .y = {features.values.narrow(begin, count)}});
    for (const auto& [set, targets] : features.targets) copy(batch->targets(set), targets.narrow(begin, count));
    if (progress) progress(begin + count);
  }
  gather(features, context, size);
}

void check_finite(const Features& features, std::string_view whose) {
  constexpr std::int64_t kRows = 4096;  // a large set is copied to the host in parts
  const std::int64_t size = features.values.shape()[0], columns = features.values.shape()[1];
  for (std::int64_t begin = 0; begin < size; begin += kRows) {
    const std::int64_t count = std::min(kRows, size - begin);
    const std::vector<float> values = features.values.narrow(begin, count).to_host<float>();
    for (std::int64_t i = 0; i < count; ++i) {
      const float* row = values.data() + i * columns;
      if (std::isfinite(std::inner_product(row, row + columns, row, 0.0f))) continue;
      throw NonFiniteError(
          engine::concat("the encoder's features of example ", begin + i, " of ", whose,
                         " are not finite, or too large to be squared: the network diverged, or the data are not what "
                         "it was trained on; nothing was evaluated, so train it again, with a lower --lr"));
    }
  }
}

double probe_accuracy(const models::ProbeHead& probe, const Features& features, const std::string& label_set) {
  const Tensor logits = probe.forward(features.values, engine::Mode::evaluate);
  return static_cast<double>(engine::softmax_cross_entropy(logits, features.targets.at(label_set)).accuracy.item());
}

}  // namespace apps
