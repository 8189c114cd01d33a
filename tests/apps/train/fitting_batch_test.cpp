#include "apps/train/fitting_batch.h"

#include <doctest/doctest.h>

#include <new>

#include "apps/input/run_data.h"
#include "apps/train/make_optimizer.h"
#include "kernels/cpu/backend.h"
#include "tests/apps/memory_source.h"

using namespace apps;

namespace {

/// A CPU back end with a limited memory.
class SmallBackend final : public kernels::cpu::CpuBackend {
 public:
  explicit SmallBackend(std::size_t bytes) : free_(bytes) {}
  void* allocate(std::size_t bytes) override {
    if (broken) throw std::bad_alloc();
    if (bytes > free_) return nullptr;
    void* memory = CpuBackend::allocate(bytes);
    if (memory != nullptr) free_ -= bytes;
    return memory;
  }
  void deallocate(void* memory, std::size_t bytes) noexcept override {
    free_ += bytes;
    CpuBackend::deallocate(memory, bytes);
  }
  std::size_t free_bytes() const override { return free_; }

  bool broken = false;  ///< behaves like a host without any free memory

 private:
  std::size_t free_;
};

constexpr std::int64_t kBatch = 200;

/// The advice on a machine with `bytes` of memory for a step that does not fit; empty if it fits.
std::string advice(std::size_t bytes, std::int64_t batch_size, bool breaks = false) {
  const engine::Context context(std::make_unique<SmallBackend>(bytes), 1);
  const tests::MemorySource source(kBatch);
  Config config;
  config.train.batch_size = batch_size;
  Model model = make_model(context, config, source);
  const auto optimizer = make_optimizer(config.optim.update, model.parameters);
  const engine::TrainingStatus status(
      context, [](std::int64_t) { return 1.0; }, 0);
  TrainStep step(model, *optimizer);
  try {
    DeviceBatch batch(context, source, batch_size);
    batch.upload(first_examples(source, batch_size));
    step.gradients(batch, status.clock());
    return "";
  } catch (const engine::OutOfMemory& error) {
    static_cast<SmallBackend&>(context.backend()).broken = breaks;
    return fitting_batch(context, step, status.clock(), source, batch_size, error);
  }
}

}  // namespace

TEST_CASE("fitting batch: the size that is named fits, and is not far from the largest that does") {
  constexpr std::size_t kMemory = std::size_t{24} << 20;
  const std::string sentence = advice(kMemory, kBatch);
  REQUIRE(sentence.starts_with("--batch-size "));
  REQUIRE(sentence.ends_with(" would fit"));
  const std::int64_t size = std::stoll(sentence.substr(13));
  CHECK(size >= 2);
  CHECK(size < kBatch);
  CHECK(advice(kMemory, size).empty());
  CHECK_FALSE(advice(kMemory, size * 3 / 2 + 2).empty());
}

TEST_CASE("fitting batch: whatever happens to the search, there is advice") {
  CHECK(advice(std::size_t{24} << 20, kBatch, true) == "use a smaller batch size, network or data set");
}

TEST_CASE("fitting batch: where the network leaves no room, no batch is promised") {
  std::size_t model_bytes = 0;
  {
    const engine::Context context(std::make_unique<SmallBackend>(std::size_t{1} << 30), 1);
    const Model model = make_model(context, Config{}, tests::MemorySource(kBatch));
    const auto optimizer = make_optimizer({}, model.parameters);
    const engine::TrainingStatus status(
        context, [](std::int64_t) { return 1.0; }, 0);
    model_bytes = context.pool().held_bytes();
  }
  CHECK(advice(model_bytes + 4096, kBatch) ==
        "no batch fits beside this network: lower --width or choose a smaller --arch");
}
