#include "kernels/cuda/convolution_plans.h"

#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cudnn_frontend.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unordered_map>

namespace kernels::cuda {
namespace {

namespace fe = cudnn_frontend;
using fe::graph::Graph;

void check(const fe::error_t& status, const Call& call) {
  if (status.is_bad()) fail(call, "an error of cudnn-frontend", status.err_msg.c_str());
}
#define CUDNN_FRONTEND_CHECK(call) check((call), THIS_CALL(call))

constexpr std::int64_t kMostWorkspaceBytes = std::int64_t{1} << 30;
constexpr int kX = 1, kWeight = 2, kY = 3;  // the tensors' identifiers in cuDNN's graph

/// cuDNN's engine configuration: one of its algorithms.
struct EngineConfig {
  Dtype writes;
  std::int64_t engine;
  std::map<std::int64_t, std::int64_t> knobs;
};

std::string text(const EngineConfig& config) {
  std::string text = engine::concat(name(config.writes), " engine=", config.engine);
  const char* before = " knobs=";
  for (const auto& [knob, value] : config.knobs) {
    text += engine::concat(before, knob, ":", value);
    before = ",";
  }
  return text;
}

/// Removes `word` from the front of `text`, if it is there.
bool take(std::string_view& text, std::string_view word) {
  const bool there = text.starts_with(word);
  if (there) text.remove_prefix(word.size());
  return there;
}
bool take(std::string_view& text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

std::optional<EngineConfig> parse(std::string_view text) {
  EngineConfig config{};
  if (take(text, "f32")) {
    config.writes = Dtype::f32;
  } else if (take(text, "bf16")) {
    config.writes = Dtype::bf16;
  } else {
    return {};
  }
  if (!take(text, " engine=") || !take(text, config.engine)) return {};
  for (std::string_view before = " knobs="; take(text, before); before = ",") {
    std::int64_t knob = 0, value = 0;
    if (!take(text, knob) || !take(text, ":") || !take(text, value)) return {};
    config.knobs[knob] = value;
  }
  if (!text.empty()) return {};
  return config;
}

/// A dense [n,h,w,c] tensor, or a filter [k,r,s,c]. cuDNN expects sizes in the order n, c, h, w; strides give the
/// layout.
fe::graph::Tensor_attributes dense(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, Dtype dtype,
                                   int uid) {
  return fe::graph::Tensor_attributes()
      .set_dim({n, c, h, w})
      .set_stride({h * w * c, 1, w * c, c})
      .set_data_type(dtype == Dtype::bf16 ? fe::DataType_t::BFLOAT16 : fe::DataType_t::FLOAT)
      .set_uid(uid)
      .set_alignment(ConvolutionPlan::kAlignment);
}

template <class Attributes>
Attributes sliding(const Conv2dGeometry& g) {
  return Attributes()
      .set_padding({g.pad, g.pad})
      .set_stride({g.stride, g.stride})
      .set_dilation({1, 1})
      .set_compute_data_type(fe::DataType_t::FLOAT);
}

/// Sets the attributes of an operation's output to those of one of our tensors.
void is(fe::graph::Tensor_attributes& made, const fe::graph::Tensor_attributes& wanted) {
  made.set_dim(wanted.get_dim()).set_stride(wanted.get_stride()).set_data_type(wanted.get_data_type());
  made.set_uid(wanted.get_uid()).set_alignment(wanted.get_alignment()).set_output(true);
}

/// The convolution as a cuDNN graph; null if cuDNN cannot express it.
std::shared_ptr<Graph> describe(const PlanTarget& target, const ConvolutionProblem& problem, Dtype writes) {
  const auto& [g, pass, operands, result, arithmetic] = problem;
  const auto dtype = [&](ConvolutionPass written_by) { return pass == written_by ? writes : problem.operands; };
  const auto x = dense(g.n, g.h, g.w, g.c, dtype(ConvolutionPass::dgrad), kX);
  const auto weight = dense(g.k, g.r, g.s, g.c, dtype(ConvolutionPass::wgrad), kWeight);
  const auto y = dense(g.n, g.p(), g.q(), g.k, dtype(ConvolutionPass::forward), kY);

  auto graph = std::make_shared<Graph>();
  if (target.described) graph->set_device_properties(target.described);
  switch (pass) {
    case ConvolutionPass::forward:
      is(*graph->conv_fprop(graph->tensor(x), graph->tensor(weight), sliding<fe::graph::Conv_fprop_attributes>(g)), y);
      break;
    case ConvolutionPass::dgrad:
      is(*graph->conv_dgrad(graph->tensor(y), graph->tensor(weight), sliding<fe::graph::Conv_dgrad_attributes>(g)), x);
      break;
    case ConvolutionPass::wgrad:
      is(*graph->conv_wgrad(graph->tensor(y), graph->tensor(x), sliding<fe::graph::Conv_wgrad_attributes>(g)), weight);
      break;
  }
  if (graph->validate().is_bad() || graph->build_operation_graph(target.handle).is_bad()) return nullptr;
  return graph;
}

/// The dtypes that an algorithm may write: the result's own first, then the operands'.
std::vector<Dtype> written_dtypes(const ConvolutionProblem& problem) {
  if (problem.result == problem.operands) return {problem.result};
  return {problem.result, problem.operands};
}

}  // namespace

std::string ConvolutionProblem::name() const {
  constexpr std::array<const char*, 3> kPasses = {"forward", "dgrad", "wgrad"};
  std::string text = engine::concat("conv2d_", kPasses[static_cast<std::size_t>(pass)], " x=", g.n, "x", g.h, "x", g.w,
                                    "x", g.c, " weight=", g.k, "x", g.r, "x", g.s, "x", g.c, " stride=", g.stride,
                                    " pad=", g.pad, " ", engine::name(operands));
  if (result != operands) text += engine::concat(" to ", engine::name(result));
  if (operands == Dtype::f32 && arithmetic.f32_products == F32Products::tf32) text += " tf32";
  if (!arithmetic.repeatable) text += " in any order";
  return text;
}

void ConvolutionPlan::run(cudnnHandle_t handle, const Tensors& tensors, void* workspace) const {
  std::unordered_map<std::int64_t, void*> named{{kX, const_cast<void*>(tensors.x)},
                                                {kWeight, const_cast<void*>(tensors.weight)},
                                                {kY, const_cast<void*>(tensors.y)}};
  CUDNN_FRONTEND_CHECK(graph->execute_plan_at_index(handle, named, workspace, 0));
}

PlanTarget described_target(std::string_view json) {
  auto properties = std::make_shared<fe::DeviceProperties>();
  CUDNN_FRONTEND_CHECK(properties->deserialize({json.begin(), json.end()}));
  return {.handle = nullptr, .described = properties};
}

std::vector<std::string> advised_algorithms(const PlanTarget& target, const ConvolutionProblem& problem) {
  std::vector<std::string> algorithms;
  for (const Dtype writes : written_dtypes(problem)) {
    const std::shared_ptr<Graph> graph = describe(target, problem, writes);
    if (!graph || graph->create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}).is_bad()) continue;
    for (std::int64_t i = 0; i < graph->get_execution_plan_count(); ++i) {
      std::int64_t engine = 0;
      std::unordered_map<fe::KnobType_t, std::int64_t> knobs;
      if (graph->get_engine_and_knobs_at_index(i, engine, knobs).is_bad()) continue;
      EngineConfig config{.writes = writes, .engine = engine, .knobs = {}};
      for (const auto& [knob, value] : knobs) config.knobs[static_cast<std::int64_t>(knob)] = value;
      const std::string name = text(config);
      if (std::find(algorithms.begin(), algorithms.end(), name) == algorithms.end()) algorithms.push_back(name);
    }
  }
  return algorithms;
}

std::optional<ConvolutionPlan> compile(const PlanTarget& target, const ConvolutionProblem& problem,
                                       const std::string& name) {
  const std::optional<EngineConfig> config = parse(name);
  if (!config) return {};
  const std::vector<Dtype> writes = written_dtypes(problem);
  if (std::find(writes.begin(), writes.end(), config->writes) == writes.end()) return {};
  const std::shared_ptr<Graph> graph = describe(target, problem, config->writes);
  if (!graph) return {};
  std::unordered_map<fe::KnobType_t, std::int64_t> knobs;
  for (const auto& [knob, value] : config->knobs) knobs[static_cast<fe::KnobType_t>(knob)] = value;
  if (graph->create_execution_plan(config->engine, knobs).is_bad()) return {};
  graph->deselect_workspace_greater_than(kMostWorkspaceBytes);
  if (problem.arithmetic.repeatable) graph->deselect_numeric_notes({fe::NumericalNote_t::NONDETERMINISTIC});
  if (problem.operands == Dtype::f32 && problem.arithmetic.f32_products == F32Products::exact) {
    graph->deselect_numeric_notes({fe::NumericalNote_t::TENSOR_CORE, fe::NumericalNote_t::DOWN_CONVERT_INPUTS,
                                   fe::NumericalNote_t::REDUCED_PRECISION_REDUCTION});
  }
  if (graph->build_plan_at_index(0).is_bad()) return {};
  const std::int64_t bytes = graph->get_workspace_size_plan_at_index(0);
  return ConvolutionPlan{
      .algorithm = name, .writes = config->writes, .workspace_bytes = static_cast<std::size_t>(bytes), .graph = graph};
}

}  // namespace kernels::cuda
