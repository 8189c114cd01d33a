#include "kernels/cuda/convolution_plans.h"

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "kernels/cuda/convolution_algorithms.h"

using namespace kernels;
using namespace kernels::cuda;

namespace {

/// cuDNN's description of an H100, for which it plans without having one.
constexpr const char* kH100 = R"({"deviceName": "NVIDIA H100 80GB HBM3", "deviceVer": 900, "driverVer": 13000,
  "multiProcessorCount": 132, "totalGlobalMem": 85000000000, "l2CacheSize": 52428800, "smClockRateKHz": 1980000,
  "memClockRateKHz": 2619000, "warpSize": 32, "maxGridSize": [2147483647, 65535, 65535],
  "maxBlockSize": [1024, 1024, 64], "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "maxCtasPerSM": 32,
  "regsPerBlock": 65536, "maxRegistersPerSM": 65536, "maxSharedMemoryPerBlock": 49152,
  "maxSharedMemoryPerBlockOptin": 232448, "reservedSharedMemoryPerBlock": 1024, "supportCoopLaunch": 1,
  "isTccDriver": 0, "pciDeviceId": 0, "cudaDeviceId": 0})";

/// Without NVIDIA's driver, our stand-in pretends to load the kernels that cuDNN compiles.
PlanTarget h100() {
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr)
    REQUIRE(dlopen(DRIVER_STAND_IN, RTLD_NOW | RTLD_GLOBAL) != nullptr);
  return described_target(kH100);
}

struct Sizes {
  std::int64_t n, h, c, k, r, stride, pad;
};
constexpr Sizes kSizes[] = {{1, 1, 1, 1, 1, 1, 0},        {2, 28, 1, 32, 3, 2, 0},     {3, 13, 32, 64, 3, 2, 0},
                            {2, 7, 3, 7, 3, 1, 1},        {1, 11, 6, 5, 5, 3, 2},      {2, 28, 21, 32, 3, 2, 0},
                            {2, 6, 64, 64, 3, 2, 0},      {1, 9, 16, 8, 1, 2, 0},      {64, 224, 3, 64, 7, 2, 3},
                            {256, 32, 3, 64, 3, 1, 1},    {64, 56, 64, 64, 3, 1, 1},   {64, 56, 256, 512, 1, 2, 0},
                            {64, 14, 1024, 256, 1, 1, 0}, {64, 14, 512, 512, 3, 2, 1}, {64, 7, 512, 2048, 1, 1, 0}};

std::vector<ConvolutionProblem> problems(F32Products products) {
  std::vector<ConvolutionProblem> all;
  for (const auto& [n, h, c, k, r, stride, pad] : kSizes)
    for (const auto pass : {ConvolutionPass::forward, ConvolutionPass::dgrad, ConvolutionPass::wgrad})
      for (const Dtype operands : {Dtype::f32, Dtype::bf16})
        for (const Dtype result : {Dtype::f32, Dtype::bf16}) {
          if (operands == Dtype::f32 && result == Dtype::bf16) continue;
          all.push_back({.g = {.n = n, .h = h, .w = h, .c = c, .k = k, .r = r, .s = r, .stride = stride, .pad = pad},
                         .pass = pass,
                         .operands = operands,
                         .result = result,
                         .arithmetic = {.f32_products = products}});
        }
  return all;
}

const ConvolutionProblem kLarge{
    .g = {.n = 64, .h = 56, .w = 56, .c = 64, .k = 64, .r = 3, .s = 3, .stride = 1, .pad = 1},
    .pass = ConvolutionPass::forward,
    .operands = Dtype::f32,
    .result = Dtype::f32};

/// A clock that makes plan number `winner` the fastest.
struct FakeClock {
  std::size_t winner;
  std::vector<std::string> met = {};
  int calls = 0;
  double operator()(const ConvolutionPlan& plan) {
    ++calls;
    if (std::find(met.begin(), met.end(), plan.algorithm) == met.end()) met.push_back(plan.algorithm);
    return plan.algorithm == met[std::min(winner, met.size() - 1)] ? 1.0 : 1.5;
  }
};

}  // namespace

TEST_CASE(
    "convolution plans: cuDNN has an algorithm for every size, type and pass on an H100, and its name finds it again") {
  const PlanTarget target = h100();
  for (const auto products : {F32Products::exact, F32Products::tf32})
    for (const ConvolutionProblem& problem : problems(products)) {
      CAPTURE(problem.name());
      int compiled = 0;
      for (const std::string& algorithm : advised_algorithms(target, problem)) {
        const std::optional<ConvolutionPlan> plan = compile(target, problem, algorithm);
        if (!plan) continue;
        CHECK(plan->algorithm == algorithm);
        CHECK((plan->writes == problem.result || plan->writes == problem.operands));
        if (++compiled == 3) break;
      }
      CHECK(compiled > 0);
    }
}

TEST_CASE("convolution plans: problems are told apart by name") {
  ConvolutionProblem problem = kLarge;
  CHECK(problem.name() == "conv2d_forward x=64x56x56x64 weight=64x3x3x64 stride=1 pad=1 f32");
  problem.arithmetic.f32_products = F32Products::tf32;
  CHECK(problem.name() == "conv2d_forward x=64x56x56x64 weight=64x3x3x64 stride=1 pad=1 f32 tf32");
  problem.pass = ConvolutionPass::wgrad;
  problem.operands = Dtype::bf16;
  CHECK(problem.name() == "conv2d_wgrad x=64x56x56x64 weight=64x3x3x64 stride=1 pad=1 bf16 to f32");
  problem.pass = ConvolutionPass::forward;
  problem.result = Dtype::bf16;
  problem.arithmetic.repeatable = false;
  CHECK(problem.name() == "conv2d_forward x=64x56x56x64 weight=64x3x3x64 stride=1 pad=1 bf16 in any order");
}

TEST_CASE("convolution plans: exact f32 refuses the tensor cores that tf32 takes") {
  const PlanTarget target = h100();
  ConvolutionProblem tf32 = kLarge;
  tf32.arithmetic.f32_products = F32Products::tf32;
  const std::string algorithm = advised_algorithms(target, tf32).front();
  CHECK(compile(target, tf32, algorithm));
  CHECK_FALSE(compile(target, kLarge, algorithm));
}

TEST_CASE("convolution plans: what is no algorithm's name, or one of another problem, compiles to nothing") {
  const PlanTarget target = h100();
  for (const char* algorithm :
       {"", "f32", "u8 engine=0", "f32 engine=", "f32 engine=0 knobs=", "f32 engine=0 knobs=2",
        "f32 engine=0 knobs=2:", "f32 engine=0 knobs=2:1,", "f32 engine=0 more", "f32 engine=9999", "f32 engine=-1",
        "f32 engine=0 knobs=77:1", "f32 engine=99999999999999999999", "bf16 engine=0", "winograd"}) {
    CAPTURE(algorithm);
    CHECK_FALSE(compile(target, kLarge, algorithm));
  }
  CHECK(compile(target, kLarge, "f32 engine=0"));
}

TEST_CASE("convolution plans: a description that is none is an error of cuDNN's") {
  CHECK_THROWS_WITH_AS(described_target("{}"), doctest::Contains("failed: an error of cudnn-frontend, "),
                       engine::Error);
}

TEST_CASE("convolution algorithms: what is new is timed once, and the fastest kept by its name") {
  const PlanTarget target = h100();
  for (const std::size_t winner : {0, 1, 4}) {
    CAPTURE(winner);
    engine::AlgorithmCache cache;
    cache.time_new(true);
    FakeClock clock{winner};
    const ConvolutionPlan plan = choose_plan(target, cache, kLarge, std::ref(clock));
    REQUIRE(clock.met.size() > winner);
    CHECK(clock.met.size() <= 10);
    CHECK(plan.algorithm == clock.met[winner]);
    CHECK(cache.used() == engine::AlgorithmCache::Names{{kLarge.name(), plan.algorithm}});

    FakeClock unused{0};
    CHECK(choose_plan(target, cache, kLarge, std::ref(unused)).algorithm == plan.algorithm);
    engine::AlgorithmCache later;
    later.time_new(true);
    later.restore(cache.used());
    CHECK(later.used().empty());  // not used so far
    CHECK(choose_plan(target, later, kLarge, std::ref(unused)).algorithm == plan.algorithm);
    CHECK(later.used() == cache.used());
    CHECK(unused.calls == 0);
  }
}

TEST_CASE("convolution algorithms: without timing the first that compiles is taken, and not kept") {
  const PlanTarget target = h100();
  engine::AlgorithmCache cache;
  FakeClock clock{1};
  const ConvolutionPlan plan = choose_plan(target, cache, kLarge, std::ref(clock));
  CHECK(clock.calls == 0);
  CHECK(cache.used().empty());
  for (const std::string& algorithm : advised_algorithms(target, kLarge)) {
    if (algorithm == plan.algorithm) break;
    CHECK_FALSE(compile(target, kLarge, algorithm));
  }
}

TEST_CASE("convolution algorithms: an earlier one that does not compile here is as good as none") {
  const PlanTarget target = h100();
  engine::AlgorithmCache cache;
  cache.restore({{kLarge.name(), "f32 engine=9999"}});
  FakeClock clock{2};
  choose_plan(target, cache, kLarge, std::ref(clock));
  CHECK(cache.used().empty());
  cache.time_new(true);
  const ConvolutionPlan plan = choose_plan(target, cache, kLarge, std::ref(clock));
  CHECK(plan.algorithm == clock.met[2]);
  CHECK(cache.used() == engine::AlgorithmCache::Names{{kLarge.name(), plan.algorithm}});
}
