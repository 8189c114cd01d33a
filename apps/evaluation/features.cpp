#include "apps/evaluation/features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "apps/input/device_batch.h"
#include "apps/input/run_data.h"
#include "apps/run/exit_code.h"
#include "engine/ops/softmax_cross_entropy.h"
#include "kernels/convert.h"

namespace apps {

using engine::Tensor;

Features extract_features(const engine::Context& context, const Representation& of, const data::Source& source,
                          const std::function<void(std::int64_t done)>& progress, engine::Dtype images) {
  constexpr std::int64_t kBatch = 500;
  const std::int64_t size = source.size();
  Features features{.values = Tensor::empty(context, {size, of.features()}),
                    .labels = Tensor::empty(context, {size}, engine::Dtype::i32),
                    .classes = source.classes()};
  std::optional<DeviceBatch> batch;
  for (std::int64_t begin = 0, count = 0; begin < size; begin += count) {
    count = std::min(kBatch, size - begin);
    if (!batch || batch->labels().elements() != count) batch.emplace(context, source, count);
    batch->upload(read_examples(source, begin, count));
    const Tensor values = of(batch->whole_images(images));
    kernels::convert(context, {.x = values, .y = {features.values.narrow(begin, count)}});
    copy(batch->labels(), features.labels.narrow(begin, count));
    if (progress) progress(begin + count);
  }
  return features;
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

double probe_accuracy(const models::ProbeHead& probe, const Features& features) {
  const Tensor logits = probe.forward(features.values, engine::Mode::evaluate);
  return static_cast<double>(engine::softmax_cross_entropy(logits, features.labels).accuracy.item());
}

}  // namespace apps
