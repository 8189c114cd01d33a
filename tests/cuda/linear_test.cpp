#include "kernels/linear.h"

#include <cublasLt.h>
#include <doctest/doctest.h>

#include "kernels/cuda/blas.h"
#include "tests/cuda/both_devices.h"
#include "tests/guarded_tensor.h"
#include "tests/numeric.h"

using namespace engine;
using namespace kernels;
using tests::moved;
using tests::random_tensor;

namespace {

struct Case {
  std::int64_t n, c, k;
};
constexpr Case kCases[] = {{1, 1, 1},         {3, 5, 7},      {17, 130, 10}, {64, 256, 128}, {255, 21, 33},
                           {512, 2048, 1000}, {4096, 64, 64}, {0, 4, 3},     {8192, 128, 1}, {2, 4096, 5}};

struct Types {
  Dtype operands, result;
};
constexpr Types kTypes[] = {{Dtype::f32, Dtype::f32}, {Dtype::bf16, Dtype::bf16}, {Dtype::bf16, Dtype::f32}};

/// Sums of `terms` products of operands that both devices hold exactly, and the rounding of the result.
double tolerance(std::int64_t terms, Dtype result) {
  return 1e-7 * static_cast<double>(terms + 8) + (result == Dtype::bf16 ? tests::rounding(result) : 0);
}

/// What the CPU and CUDA give for the same arguments, made by `args` from inputs and the output. Twice, to compare.
struct Comparison {
  const Context &cpu, &cuda;
  Types types;

  Tensor input(Shape shape, std::uint64_t seed) const { return random_tensor(cpu, shape, seed, types.operands); }

  template <class Args, class Make>
  void expect_close(void (*on_cpu)(const Context&, const Args&), void (*on_cuda)(const Context&, const Args&),
                    const std::vector<Tensor>& inputs, Shape output, std::int64_t terms, const Make& make) const {
    std::vector<Tensor> host, device;
    for (const Tensor& input : inputs) {  // the CPU's kernels compute in f32
      host.push_back(moved(input, cpu, Dtype::f32));
      device.push_back(moved(input, cuda, input.dtype()));
    }
    const Tensor before = random_tensor(cpu, output, 9, types.result);
    const Tensor expected = moved(before, cpu, Dtype::f32);
    on_cpu(cpu, make(host, expected));
    std::vector<float> first;
    for (int run = 0; run < 2; ++run) {
      const tests::GuardedTensor y(moved(before, cuda, types.result));
      on_cuda(cuda, make(device, y));
      const std::vector<float> values = tests::to_floats(y.checked()), wanted = expected.to_host<float>();
      tests::expect_close(values, {wanted.begin(), wanted.end()}, tolerance(terms, types.result));
      if (run == 0) first = values;
      CHECK(values == first);
    }
  }
};

template <class Body>
void for_all(const Body& body) {
  if (!tests::has_cuda_device()) return;
  const Context cpu = make_context(), cuda = tests::cuda_context();
  for (const Types& types : kTypes)
    for (const Case& sizes : kCases) {
      CAPTURE(name(types.operands));
      CAPTURE(name(types.result));
      CAPTURE(sizes.n);
      CAPTURE(sizes.c);
      CAPTURE(sizes.k);
      body(Comparison{cpu, cuda, types}, sizes);
    }
}

}  // namespace

TEST_CASE("cuda linear: the forward pass equals the CPU's, with and without bias, and repeats bit for bit") {
  for_all([](const Comparison& on, const Case& sizes) {
    const auto& [n, c, k] = sizes;
    const Tensor x = on.input({n, c}, 1), weight = on.input({k, c}, 2);
    on.expect_close(cpu::linear_forward, cuda::linear_forward, {x, weight}, {n, k}, c, [](const auto& in, View y) {
      return LinearForward{.x = in[0], .weight = in[1], .bias = {}, .y = y};
    });
    for (const Dtype bias : {Dtype::f32, Dtype::bf16}) {
      on.expect_close(
          cpu::linear_forward, cuda::linear_forward, {x, weight, random_tensor(on.cpu, {k}, 3, bias)}, {n, k}, c,
          [](const auto& in, View y) { return LinearForward{.x = in[0], .weight = in[1], .bias = in[2], .y = y}; });
    }
  });
}

TEST_CASE("cuda linear: both gradients equal the CPU's, over and on top of what is there") {
  for_all([](const Comparison& on, const Case& sizes) {
    const auto& [n, c, k] = sizes;
    const Tensor x = on.input({n, c}, 1), weight = on.input({k, c}, 2), dy = on.input({n, k}, 3);
    for (const bool accumulate : {false, true}) {
      CAPTURE(accumulate);
      on.expect_close(cpu::linear_dgrad, cuda::linear_dgrad, {dy, weight}, {n, c}, k, [&](const auto& in, View dx) {
        return LinearDgrad{.dy = in[0], .weight = in[1], .dx = {dx, accumulate}};
      });
      on.expect_close(cpu::linear_wgrad, cuda::linear_wgrad, {dy, x}, {k, c}, n, [&](const auto& in, View dweight) {
        return LinearWgrad{.dy = in[0], .x = in[1], .dweight = {dweight, accumulate}};
      });
    }
  });
}

TEST_CASE("cuda linear: slices that are aligned to their elements only") {
  if (!tests::has_cuda_device()) return;
  const Context cpu = make_context(), cuda = tests::cuda_context();
  for (const Dtype dtype : {Dtype::f32, Dtype::bf16}) {
    const Tensor x = random_tensor(cpu, {9, 7}, 1, dtype), weight = random_tensor(cpu, {5, 7}, 2, dtype);
    const Tensor expected = Tensor::empty(cpu, {8, 5}), y = Tensor::empty(cuda, {8, 5}, dtype);
    const auto rows = [](const Tensor& all) { return all.first_dimension_range(1, 8); };
    cpu::linear_forward(
        cpu,
        {.x = rows(moved(x, cpu, Dtype::f32)), .weight = moved(weight, cpu, Dtype::f32), .bias = {}, .y = expected});
    cuda::linear_forward(cuda,
                         {.x = rows(moved(x, cuda, dtype)), .weight = moved(weight, cuda, dtype), .bias = {}, .y = y});
    const std::vector<float> wanted = expected.to_host<float>();
    tests::expect_close(tests::to_floats(y), {wanted.begin(), wanted.end()}, tolerance(7, dtype));
  }
}

TEST_CASE("cuda linear: types that do not go together are named") {
  const Context context = make_context();  // refused before the device is asked
  const Tensor f32 = Tensor::zeros(context, {2, 2}), bf16 = Tensor::zeros(context, {2, 2}, Dtype::bf16);
  CHECK_THROWS_WITH_AS(cuda::linear_forward(context, {.x = f32, .weight = bf16, .bias = {}, .y = f32}),
                       "linear: the CUDA kernel takes x and weight both in f32 or both in bf16, and y like them or in "
                       "f32, got x f32, weight bf16 and y f32",
                       Error);
  CHECK_THROWS_WITH_AS(cuda::linear_dgrad(context, {.dy = f32, .weight = f32, .dx = {bf16}}),
                       doctest::Contains("got dy f32, weight f32 and dx bf16"), Error);
  CHECK_THROWS_WITH_AS(cuda::linear_wgrad(context, {.dy = bf16, .x = f32, .dweight = {f32}}),
                       doctest::Contains("got dy bf16, x f32 and dweight f32"), Error);
  const Tensor nothing = Tensor::zeros(context, {2, 0});
  CHECK_THROWS_WITH_AS(cuda::linear_forward(context, {.x = nothing, .weight = nothing, .bias = {}, .y = f32}),
                       "linear: x must have features, got [2,0]", Error);
}

TEST_CASE("cuda check: a failed call of cuBLASLt says where, what and what to do") {
  CHECK_THROWS_WITH_AS(cuda::check(CUBLAS_STATUS_ALLOC_FAILED, {"cublasLtMatmul(x)", "linear.cpp", 7}),
                       "linear.cpp:7: cublasLtMatmul(x) failed: CUBLAS_STATUS_ALLOC_FAILED, the resource allocation "
                       "failed; lower --batch-size",
                       Error);
  CHECK_NOTHROW(cuda::check(CUBLAS_STATUS_SUCCESS, {"cublasLtMatmul(x)", "linear.cpp", 7}));
}
