#include "engine/parameters.h"

#include <algorithm>
#include <cmath>

#include "kernels/convert.h"
#include "kernels/runtime/philox.h"
#include "kernels/runtime/rounding.h"

namespace engine {
namespace {

constexpr std::int64_t kAlignment = 128;  // bytes

/// FNV-1a, folded to the 24 bits of a Philox sub-index.
std::uint32_t hash24(const std::string& text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ hash >> 24) & 0xFFFFFFu;
}

double truncated_normal(Philox& random) {
  for (;;) {
    if (const double value = random.normal(); std::abs(value) < 2) return value;
  }
}

std::vector<float> initial_values(const ParameterInfo& info, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(info.shape.elements()));
  const auto [kind, scale] = info.initializer;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Philox random(seed, Purpose::initialization, hash24(info.name), i);
    double value = scale;
    if (kind == Initializer::Kind::normal) value = scale * random.normal();
    if (kind == Initializer::Kind::truncated_normal) value = scale * truncated_normal(random);
    if (kind == Initializer::Kind::uniform) value = scale * (2 * random.uniform64() - 1);
    values[i] = static_cast<float>(value);
  }
  return values;
}

}  // namespace

Initializer Initializer::lecun_normal(std::int64_t fan_in) {
  constexpr double kStandardDeviation = 0.87962566103423978;  // of a standard normal distribution truncated at +-2
  return {Kind::truncated_normal, 1 / (kStandardDeviation * std::sqrt(static_cast<double>(fan_in)))};
}

Initializer Initializer::he_normal(std::int64_t fan_out) {
  return normal(std::sqrt(2.0 / static_cast<double>(fan_out)));
}

Initializer Initializer::glorot_uniform(std::int64_t fan_in, std::int64_t fan_out) {
  return {Kind::uniform, std::sqrt(6.0 / static_cast<double>(fan_in + fan_out))};
}

Tensor Parameter::tensor(Mode mode, Dtype dtype) const {
  EXPECTS(dtype == Dtype::f32 || (dtype == Dtype::bf16 && slot_->shadow), "parameters: '", slot_->info.name,
          "' is not kept in ", name(dtype), "; allocate the set for layers that compute in it");
  const Tensor& kept = dtype == Dtype::f32 ? slot_->value : slot_->shadow;
  return mode == Mode::train ? kept : kept.detach();
}

std::string_view Parameter::layer() const {
  const std::string_view name = slot_->info.name;
  return name.substr(0, name.rfind('.'));
}

void ParameterSet::take_name(const std::string& name, const std::string& group) {
  EXPECTS(!values_, "parameters: '", name, "' was added after the buffers were allocated");
  const bool first = names_.insert(name).second;
  EXPECTS(first, "parameters: there are two named '", name, "'; give every layer a scope of its own");
  if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) groups_.push_back(group);
}

Parameter ParameterSet::add(ParameterInfo info) {
  take_name(info.name, info.group);
  const auto [same, first] = drawn_.emplace(hash24(info.name), info.name);
  EXPECTS(first, "parameters: '", same->second, "' and '", info.name,
          "' have one hash, by which initial values are drawn, and would start alike; rename one of them");
  Parameter parameter;
  parameter.slot_ = std::make_shared<Parameter::Slot>();
  parameter.slot_->info = std::move(info);
  slots_.push_back(parameter.slot_);
  return parameter;
}

State ParameterSet::add_state(StateInfo info) {
  take_name(info.name, info.group);
  State state;
  state.slot_ = std::make_shared<State::Slot>();
  state.slot_->info = std::move(info);
  state_slots_.push_back(state.slot_);
  return state;
}

std::size_t ParameterSet::position(const std::string& group) const {
  return static_cast<std::size_t>(std::find(groups_.begin(), groups_.end(), group) - groups_.begin());
}

/// Decides where in the flat buffers each tensor is.
void ParameterSet::place() {
  const auto by_group = [this](const auto& a, const auto& b) {
    return position(a->info.group) < position(b->info.group);
  };
  std::stable_sort(slots_.begin(), slots_.end(), by_group);
  std::stable_sort(state_slots_.begin(), state_slots_.end(), by_group);
  std::int64_t bytes = 0;
  for (const auto& slot : slots_) {
    slot->info.offset = bytes / static_cast<std::int64_t>(sizeof(float));
    bytes += round_up(slot->info.shape.elements() * static_cast<std::int64_t>(sizeof(float)), kAlignment);
    infos_.push_back(slot->info);
  }
  size_ = bytes / static_cast<std::int64_t>(sizeof(float));
  bytes = 0;
  for (const auto& slot : state_slots_) {
    slot->info.offset_bytes = bytes;
    bytes += round_up(slot->info.shape.elements() * static_cast<std::int64_t>(size_of(slot->info.dtype)), kAlignment);
    state_infos_.push_back(slot->info);
  }
  state_bytes_ = bytes;
}

Tensor ParameterSet::slice(const Tensor& buffer, const ParameterInfo& info) {
  return buffer.narrow(info.offset, info.shape.elements()).view_as(info.shape);
}

void ParameterSet::allocate(const Context& context, std::uint64_t seed, Dtype layers) {
  place();
  values_ = Tensor::zeros(context, {size_});
  gradients_ = Tensor::zeros(context, {size_});
  if (layers == Dtype::bf16) shadow_ = Tensor::empty(context, {size_}, Dtype::bf16);
  for (const auto& slot : slots_) {
    slot->value = slice(values_, slot->info).requires_gradient();
    slot->value.node()->gradient = slice(gradients_, slot->info);
    slot->value.upload<float>(initial_values(slot->info, seed));
    if (shadow_) slot->shadow = slice(shadow_, slot->info).with_node(slot->value.node());
  }
  refresh_shadow();

  allocate_states(context);
  for (const auto& slot : state_slots_) {
    const StateInfo& info = slot->info;
    const auto count = static_cast<std::size_t>(info.shape.elements());
    if (info.dtype == Dtype::f32) slot->value.upload<float>(std::vector<float>(count, info.initial));
  }
}

void ParameterSet::allocate_states(const Context& context) {
  states_ = Tensor::zeros(context, {state_bytes_}, Dtype::u8);
  for (const auto& slot : state_slots_)
    slot->value = states_.view_as(slot->info.offset_bytes, slot->info.shape, slot->info.dtype);
}

void ParameterSet::allocate_as_copy(const ParameterSet& other) {
  place();
  const auto begins_as = [](const auto& own, const auto& others) {
    return own.size() <= others.size() && std::equal(own.begin(), own.end(), others.begin(), [](auto& a, auto& b) {
             return a.name.ends_with(b.name) && a.shape == b.shape;
           });
  };
  EXPECTS(begins_as(infos_, other.infos_) && begins_as(state_infos_, other.state_infos_),
          "parameters: a copy must have the first layers of the other set, in their order");
  const Context& context = other.values_.context();
  values_ = Tensor::empty(context, {size_});
  copy(other.values_.narrow(0, size_), values_);
  if (other.shadow_) shadow_ = Tensor::empty(context, {size_}, Dtype::bf16);
  for (const auto& slot : slots_) {
    slot->value = slice(values_, slot->info);
    if (shadow_) slot->shadow = slice(shadow_, slot->info);
  }
  refresh_shadow();
  allocate_states(context);
  copy(other.states_.narrow(0, state_bytes_), states_);
}

void ParameterSet::refresh_shadow() const {
  if (shadow_) kernels::convert(shadow_.context(), {.x = values_, .y = {shadow_}});
}

void ParameterSet::zero_grad() {
  for (const auto& slot : slots_) slot->value.node()->written = false;
}

void ParameterSet::finish_gradients() {
  for (const auto& slot : slots_) {
    if (slot->value.node()->written) continue;
    const Tensor gradient = slot->value.gradient();
    gradient.context().backend().fill_zero(View(gradient).data, gradient.bytes());
  }
}

void ParameterSet::on_complete(std::size_t i, std::function<void()> complete) {
  std::function<void(const Tensor&)> of_gradient;
  if (complete) of_gradient = [complete = std::move(complete)](const Tensor&) { complete(); };
  engine::on_complete(slots_[i]->value, std::move(of_gradient));
}

std::int64_t ParameterSet::trainable(std::string_view group) const {
  std::int64_t count = 0;
  for (const auto& slot : slots_) count += slot->info.group == group ? slot->info.shape.elements() : 0;
  return count;
}

}  // namespace engine
