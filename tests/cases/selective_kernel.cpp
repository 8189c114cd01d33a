#include "tests/cases/selective_kernel.h"

#include "tests/numeric.h"

namespace tests {
namespace {

using engine::Dtype;
using kernels::StreamExample;

std::vector<StreamExample> examples() {
  std::vector<StreamExample> all;
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    for (const bool skewed : {false, true}) {
      for (StreamExample p : std::initializer_list<StreamExample>{{1, 1, 1, 1},
                                                                  {0, 3, 3, 8},
                                                                  {2, 7, 5, 3},
                                                                  {2, 8, 8, 64},
                                                                  {1, 4, 9, 67},
                                                                  {1, 13, 11, 32},
                                                                  {2, 1, 3, 264}}) {
        p.dtype = dtype;
        p.skewed = skewed;
        all.push_back(p);
      }
    }
  }
  return all;
}

std::vector<double> random(const engine::Shape& shape, std::uint64_t seed, double scale = 1) {
  std::vector<double> values;
  for (const float value : random_values(shape.elements(), seed)) values.push_back(scale * static_cast<double>(value));
  return values;
}

/// Calls add(example, scale of the logits): with 40 a weight rounds to 1, with 300 an exponential is infinite.
template <class Add>
void for_each_scale(const Add& add) {
  for (const StreamExample& p : examples()) add(p, 3.0);
  for (const double scale : {40.0, 300.0}) add(StreamExample{2, 3, 2, 16}, scale);
}

}  // namespace

std::vector<KernelCase<kernels::StreamPoolForward>> stream_pool_forward_cases() {
  std::vector<KernelCase<kernels::StreamPoolForward>> cases;
  for (const StreamExample& p : examples()) cases.push_back(stream_pool_forward_case(p, random(p.streams(), 1)));
  return cases;
}

std::vector<KernelCase<kernels::StreamPoolBackward>> stream_pool_backward_cases() {
  std::vector<KernelCase<kernels::StreamPoolBackward>> cases;
  for (const StreamExample& p : examples()) {
    const std::vector<double> dy = random(p.pooled(), 2);
    const bool compares = p.dtype == Dtype::f32;
    cases.push_back(stream_pool_backward_case(p, dy, {}, compares ? random(p.streams(), 1) : std::vector<double>()));
    cases.push_back(stream_pool_backward_case(p, dy, random(p.streams(), 3)));
  }
  return cases;
}

std::vector<KernelCase<kernels::StreamMergeForward>> stream_merge_forward_cases() {
  std::vector<KernelCase<kernels::StreamMergeForward>> cases;
  for_each_scale([&](const StreamExample& p, double scale) {
    cases.push_back(stream_merge_forward_case(p, random(p.streams(), 1), random(p.logits(), 2, scale)));
  });
  return cases;
}

std::vector<KernelCase<kernels::StreamMergeBackward>> stream_merge_backward_cases() {
  std::vector<KernelCase<kernels::StreamMergeBackward>> cases;
  for_each_scale([&](StreamExample p, double scale) {
    kernels::StreamMergeContents contents{.x = random(p.streams(), 1),
                                          .logits = random(p.logits(), 2, scale),
                                          .dy = random(p.merged(), 3),
                                          .has_gradient = p.dtype == Dtype::f32};
    cases.push_back(stream_merge_backward_case(p, contents));
    contents.has_gradient = false;
    for (const bool dx : {true, false}) {
      p.wants_dx = dx;
      p.wants_dlogits = !dx;
      cases.push_back(stream_merge_backward_case(p, contents));
    }
    p.wants_dx = p.wants_dlogits = true;
    contents.dx = random(p.streams(), 4);
    contents.dlogits = random(p.logits(), 5);
    cases.push_back(stream_merge_backward_case(p, contents));
  });
  return cases;
}

}  // namespace tests
