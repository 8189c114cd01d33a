#include "kernels/runtime/profile.h"

#include <doctest/doctest.h>

#include <sstream>

#include "engine/autograd.h"
#include "engine/ops/elementwise.h"
#include "kernels/context.h"
#include "kernels/cpu/backend.h"

using namespace engine;

namespace {

/// The number of kernels attributed to a layer, forward and backward.
std::pair<std::int64_t, std::int64_t> calls(const Context& context, const std::string& name) {
  for (const Profiler::Layer& layer : context.profiler().layers()) {
    if (layer.name == name) return {layer.forward.calls, layer.backward.calls};
  }
  return {0, 0};
}

Tensor two_layers(const Tensor& x) {
  Tensor y;
  {
    const LayerRange layer(x.context(), "first");
    y = relu(scale(x, 2.0f));
    const LayerRange inner(x.context(), "inner");
    y = scale(y, 3.0f);
  }
  const LayerRange layer(x.context(), "second");
  return multiply(y, y);
}

}  // namespace

TEST_CASE("profiler: kernels are counted for the layer they were called in, gradients for that of their operation") {
  const Context context = kernels::make_context();
  context.profiler().enable();
  const Tensor x = Tensor::from(context, {2}, std::vector<float>{1, 2}).requires_gradient();
  const Tensor y = two_layers(x);
  CHECK(calls(context, "first") == std::pair<std::int64_t, std::int64_t>{2, 0});
  CHECK(calls(context, "inner") == std::pair<std::int64_t, std::int64_t>{1, 0});
  CHECK(calls(context, "second") == std::pair<std::int64_t, std::int64_t>{1, 0});
  CHECK(context.profiler().place().layer == -1);

  backward(y, Tensor::from(context, {2}, std::vector<float>{1, 1}));
  CHECK(calls(context, "first").second == 2);
  CHECK(calls(context, "inner").second == 1);
  CHECK(calls(context, "second").second >= 2);  // both factors
  CHECK(context.profiler().place().layer == -1);

  std::ostringstream table;
  context.profiler().print(table);
  const std::string text = table.str();
  for (const char* name : {"kernel", "relu", "(outside kernels)", "layer", "first", "inner", "second", "(in no layer)"})
    CHECK_MESSAGE(text.find(name) != std::string::npos, name << " in\n" << text);
  CHECK(text.find("first") < text.find("second"));

  context.profiler().clear();
  CHECK(context.profiler().entries().empty());
  CHECK(calls(context, "first") == std::pair<std::int64_t, std::int64_t>{0, 0});
}

TEST_CASE("profiler: off, nothing is collected") {
  const Context context = kernels::make_context();
  two_layers(Tensor::from(context, {2}, std::vector<float>{1, 2}));
  CHECK(context.profiler().entries().empty());
  CHECK(context.profiler().layers().empty());
}

namespace {

/// Records ranges as a tracing tool sees them: "(first (scale )".
class TracingBackend final : public kernels::cpu::CpuBackend {
 public:
  explicit TracingBackend(std::string& trace) : trace_(trace) {}
  void begin_range(const char* name) override { trace_ += concat("(", name, " "); }
  void end_range() override { trace_ += ")"; }

 private:
  std::string& trace_;
};

}  // namespace

TEST_CASE("tracing: kernels within their layer, forward and backward") {
  std::string trace;
  const Context context(std::make_unique<TracingBackend>(trace), 1);
  const Tensor x = Tensor::from(context, {2}, std::vector<float>{1, 2}).requires_gradient();
  const auto step = [&] {
    Tensor y;
    {
      const LayerRange layer(context, "layer");
      y = scale(x, 2.0f);
    }
    backward(y, Tensor::from(context, {2}, std::vector<float>{1, 1}));
  };
  step();
  CHECK(trace.empty());
  context.profiler().trace(true);
  step();
  CHECK(trace == "(layer (scale ))(layer backward (scale ))");
  CHECK(context.profiler().entries().empty());
}
