#include "apps/train/captured_step.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "kernels/context.h"
#include "kernels/cpu/backend.h"
#include "kernels/runtime/error.h"

using apps::CapturedStep;
using engine::Context;
using engine::Tensor;

namespace {

/// A CPU back end with graphs that count their launches.
class RecordingBackend final : public kernels::cpu::CpuBackend {
 public:
  class Again final : public engine::DeviceGraph {
   public:
    explicit Again(int& launches) : launches_(launches) {}
    void launch() override { ++launches_; }

   private:
    int& launches_;
  };

  std::unique_ptr<engine::DeviceGraph> capture(const std::function<void()>& issue) override {
    issue();
    return std::make_unique<Again>(launches);
  }

  int launches = 0;
};

/// Beside another rank, which can do the steps in ways of its own: 0 launches, 1 captures, 2 issues.
class OtherRank final : public engine::Communicator {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 2; }
  void all_reduce(const engine::View&) override {}
  void all_gather(const engine::View&) override {}
  void reduce_scatter(const engine::View&) override {}
  void broadcast(const engine::View&, int) override {}
  std::int64_t highest(std::int64_t value) override { return std::max(value, other); }
  std::vector<std::string> exchange(const std::string& text) override { return {text, text}; }
  double patience() const override { return 0; }
  void set_patience(double) override {}
  void leave() override {}
  void abort(int) override {}

  std::int64_t other = 0;
};

}  // namespace

TEST_CASE("captured step: issued twice, then captured, and launched from then on") {
  auto owned = std::make_unique<RecordingBackend>();
  const RecordingBackend& backend = *owned;
  const Context context(std::move(owned), 1);
  int calls = 0;
  CapturedStep step(
      context,
      [&] {
        ++calls;
        Tensor::zeros(context, {1000});
      },
      true);
  for (int i = 0; i < 2; ++i) CHECK(!step.run());
  CHECK(calls == 2);
  CHECK(backend.launches == 0);
  CHECK(!step.run());  // captured: the step's work on the host was done
  CHECK(calls == 3);
  CHECK(backend.launches == 1);
  for (int i = 0; i < 3; ++i) CHECK(step.run());
  CHECK(calls == 3);
  CHECK(backend.launches == 4);
}

TEST_CASE("captured step: issued once more when the pool has given memory back, as timing algorithms makes it do") {
  auto owned = std::make_unique<RecordingBackend>();
  const RecordingBackend& backend = *owned;
  const Context context(std::move(owned), 1);
  CapturedStep step(
      context, [&] { Tensor::zeros(context, {1000}); }, true);
  for (int i = 0; i < 4; ++i) {
    CHECK(!step.run());
    if (i > 0) context.pool().trim();
  }
  CHECK(backend.launches == 0);
  CHECK(!step.run());
  CHECK(!step.run());
  CHECK(backend.launches == 1);
  CHECK(step.run());
}

TEST_CASE("captured step: on a GPU, memory that timing algorithms took goes back once, after the step") {
  class Gpu final : public kernels::cpu::CpuBackend {
   public:
    engine::Device device() const override { return {engine::DeviceKind::cuda, 0}; }
  };
  for (const bool on_gpu : {false, true}) {
    CAPTURE(on_gpu);
    std::unique_ptr<engine::Backend> backend;
    if (on_gpu) {
      backend = std::make_unique<Gpu>();
    } else {
      backend = std::make_unique<RecordingBackend>();
    }
    const Context context(std::move(backend), 1);
    context.algorithms().time_new(true);
    const auto find = [&](const std::string& problem) {
      context.algorithms().find(
          problem, [](const std::string&) { return true; },
          [&] {
            Tensor::zeros(context, {5000});
            return std::string("the fastest");
          });
    };
    CapturedStep step(
        context,
        [&] {
          find("one");
          find("other");
          Tensor::zeros(context, {1000});
        },
        false);
    step.run();
    CHECK(context.pool().system_releases() == (on_gpu ? 1 : 0));
    CHECK((context.pool().held_bytes() == 0) == on_gpu);
    step.run();
    CHECK(context.pool().system_releases() == (on_gpu ? 1 : 0));
  }
}

TEST_CASE("captured step: while steps give memory back in order to ask for other, they are issued") {
  auto owned = std::make_unique<RecordingBackend>();
  const RecordingBackend& backend = *owned;
  const Context context(std::move(owned), 1);
  bool is_short = true;
  CapturedStep step(
      context,
      [&] {
        Tensor::zeros(context, {1000});
        if (is_short) context.pool().trim();
        Tensor::zeros(context, {2000});
      },
      true);
  for (int i = 0; i < 6; ++i) {
    CHECK(!step.lacks_memory() == (i < 2));
    CHECK(!step.run());
  }
  CHECK(backend.launches == 0);
  is_short = false;
  CHECK(!step.run());
  CHECK(!step.lacks_memory());
  CHECK(!step.run());
  CHECK(backend.launches == 1);
}

TEST_CASE("captured step: a graph that is released leaves its memory, and is captured again") {
  auto owned = std::make_unique<RecordingBackend>();
  const RecordingBackend& backend = *owned;
  const Context context(std::move(owned), 1);
  CapturedStep step(
      context, [&] { Tensor::zeros(context, {1000}); }, true);
  CHECK(!step.release());
  for (int i = 0; i < 3; ++i) step.run();
  const std::int64_t allocations = context.pool().system_allocations();
  CHECK(step.release());
  CHECK(!step.release());
  Tensor::zeros(context, {1000});
  CHECK(context.pool().system_allocations() == allocations);  // all memory came from the arena
  for (int i = 0; i < 3; ++i) CHECK(!step.run());
  CHECK(step.run());
  CHECK(backend.launches == 3);
}

TEST_CASE("captured step: without graphs, and where the device has none, every step is issued") {
  const Context without = kernels::make_context();
  const Context with(std::make_unique<RecordingBackend>(), 1);
  for (const auto& [context, record] : {std::pair<const Context&, bool>{without, true}, {with, false}}) {
    int calls = 0;
    CapturedStep step(
        context, [&] { ++calls; }, record);
    for (int i = 0; i < 5; ++i) CHECK(!step.run());
    CHECK(calls == 5);
  }
}

TEST_CASE("captured step: one that asks for more memory than before cannot be captured, and says what to do") {
  const Context context(std::make_unique<RecordingBackend>(), 1);
  std::int64_t size = 1000;
  CapturedStep step(
      context, [&] { Tensor::zeros(context, {size *= 2}); }, true);
  step.run();
  step.run();
  std::string message;
  try {
    step.run();
  } catch (const engine::Error& error) { message = error.what(); }
  CHECK(message.starts_with("capturing a step as a CUDA graph: "));
  CHECK(message.ends_with("; go on with --cuda-graph off"));
}

TEST_CASE("captured step: on several ranks all issue, capture or launch the same step") {
  auto owned = std::make_unique<RecordingBackend>();
  const RecordingBackend& backend = *owned;
  OtherRank ranks;
  const Context context(std::move(owned), 1, &ranks);
  int calls = 0;
  CapturedStep step(
      context,
      [&] {
        ++calls;
        Tensor::zeros(context, {1000});
      },
      true);
  ranks.other = 2;  // short of memory
  for (int i = 0; i < 4; ++i) CHECK(!step.run());
  CHECK(backend.launches == 0);
  ranks.other = 1;
  CHECK(!step.run());
  CHECK(backend.launches == 1);
  ranks.other = 0;
  CHECK(step.run());
  CHECK(backend.launches == 2);
  CHECK(calls == 5);
  ranks.other = 2;  // has given up its graph, and issues two steps before it captures again
  CHECK(!step.run());
  CHECK(!step.run());
  ranks.other = 1;
  CHECK(!step.run());
  CHECK(calls == 8);
  CHECK(backend.launches == 3);
}
