#include "engine/gradient_sum.h"

#include "kernels/collectives.h"
#include "kernels/convert.h"

namespace engine {

GradientSum::GradientSum(ParameterSet& parameters, const Options& options) : parameters_(parameters) {
  const Tensor& gradients = parameters.gradients();
  if (gradients.context().ranks() == 1) return;
  EXPECTS(options.sent_as == Dtype::f32 || options.sent_as == Dtype::bf16, "gradients are sent as f32 or bf16, not as ",
          name(options.sent_as));
  if (options.sent_as == Dtype::bf16) rounded_ = Tensor::empty(gradients.context(), gradients.shape(), Dtype::bf16);
  // From the end of the buffer, where a backward pass begins.
  const auto& infos = parameters.parameters();
  bucket_of_.resize(infos.size());
  std::int64_t end = gradients.elements();
  Bucket bucket{.first = end, .count = 0, .parameters = 0};
  for (std::size_t i = infos.size(); i-- > 0;) {
    bucket = {.first = infos[i].offset, .count = end - infos[i].offset, .parameters = bucket.parameters + 1};
    bucket_of_[i] = buckets_.size();
    const bool full = options.bucket_bytes > 0 && bucket.count * 4 >= options.bucket_bytes;
    if (!full && i > 0) continue;
    buckets_.push_back(bucket);
    end = bucket.first;
    bucket.parameters = 0;
  }
  for (std::size_t i = 0; i < infos.size(); ++i) parameters.on_complete(i, [this, i] { complete(i); });
}

GradientSum::~GradientSum() {
  for (std::size_t i = 0; i < bucket_of_.size(); ++i) parameters_.on_complete(i, {});
}

void GradientSum::begin() {
  for (Bucket& bucket : buckets_) {
    bucket.incomplete = bucket.parameters;
    bucket.sent = false;
  }
  active_ = true;
}

void GradientSum::complete(std::size_t parameter) {
  if (!active_) return;
  Bucket& bucket = buckets_[bucket_of_[parameter]];
  if (--bucket.incomplete == 0) send(bucket);
}

void GradientSum::send(Bucket& bucket) {
  const Tensor gradients = parameters_.gradients().narrow(bucket.first, bucket.count);
  Tensor sent = gradients;
  if (rounded_) {
    sent = rounded_.narrow(bucket.first, bucket.count);
    kernels::convert(gradients.context(), {.x = gradients, .y = {sent}});
  }
  kernels::begin_all_reduce(gradients.context(), {.x = sent});
  bucket.sent = true;
}

void GradientSum::finish() {
  active_ = false;
  if (buckets_.empty()) return;
  for (Bucket& bucket : buckets_) {  // with parameters that the pass did not reach
    if (!bucket.sent) send(bucket);
  }
  const Tensor& gradients = parameters_.gradients();
  kernels::finish_all_reduces(gradients.context(), {});
  if (rounded_) kernels::convert(gradients.context(), {.x = rounded_, .y = {gradients}});
}

}  // namespace engine
