#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/autograd.h"
#include "engine/tensor.h"

namespace engine {

/// Whether a forward pass trains (batch statistics, a graph) or evaluates (running statistics, no graph).
enum class Mode { train, evaluate };

/// The kind of a parameter: decides weight decay and its form in files.
enum class ParameterKind { kernel, bias, gamma, beta };

/// The initial values of a parameter. Draws depend only on the seed, the parameter's name and the element.
struct Initializer {
  enum class Kind { constant, normal, truncated_normal, uniform } kind = Kind::constant;
  double scale = 0;  ///< the constant, the standard deviation (before truncation), or the half-width

  static Initializer constant(double value) { return {Kind::constant, value}; }
  static Initializer normal(double standard_deviation) { return {Kind::normal, standard_deviation}; }
  /// Normal; values beyond two standard deviations are drawn again. Then scaled to the variance 1 / fan_in (LeCun et
  /// al. 1998; same draw as TensorFlow's VarianceScaling).
  static Initializer lecun_normal(std::int64_t fan_in);
  /// Normal with variance 2 / fan_out (He et al. 2015); torchvision's default for convolutions.
  static Initializer he_normal(std::int64_t fan_out);
  /// Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot & Bengio 2010); the Keras default.
  static Initializer glorot_uniform(std::int64_t fan_in, std::int64_t fan_out);
};

/// One named slice of the flat buffers.
struct ParameterInfo {
  std::string name;  ///< begins with its group: "encoder.conv1.weight"
  Shape shape;       ///< in memory: convolutions KRSC, linear [out,in]
  ParameterKind kind = ParameterKind::kernel;
  std::string group{};  ///< the part of the network: "encoder"; one range of the flat buffers
  Initializer initializer{};
  std::int64_t offset = 0;  ///< in elements, a multiple of 32
};

/// A trainable tensor of a layer: a handle into its ParameterSet, valid after `allocate`.
class Parameter {
 public:
  /// The value: a leaf that collects a gradient when training, a constant when evaluating. For bf16 this is the shadow,
  /// which `allocate` must have created; its gradient is the f32 value's, in f32.
  Tensor tensor(Mode mode, Dtype dtype = Dtype::f32) const;
  /// The layer of this parameter: its name without the last part, "encoder.conv1".
  std::string_view layer() const;

 private:
  friend class ParameterSet;
  struct Slot {
    ParameterInfo info;
    Tensor value, shadow;  // two views of one leaf
  };
  std::shared_ptr<Slot> slot_;
};

/// A tensor of a layer that has no gradient (running statistics); it is saved with the parameters.
struct StateInfo {
  std::string name;
  Shape shape;
  Dtype dtype = Dtype::f32;
  std::string group{};
  float initial = 0;
  std::int64_t offset_bytes = 0;
};

class State {
 public:
  const Tensor& tensor() const { return slot_->value; }

 private:
  friend class ParameterSet;
  struct Slot {
    StateInfo info;
    Tensor value;
  };
  std::shared_ptr<Slot> slot_;
};

/// All parameters of a program. Values and gradients are one contiguous f32 buffer each, with 128-byte aligned slices
/// and zeros between them. So an optimizer step is one kernel over a table of segments, and zeroing, reducing or
/// copying is one call. Layers add parameters through a Scope. Then `allocate` places them group by group, in the order
/// in which they were added, and initialises them. For bf16 there is a shadow: the rounded values at the same offsets.
class ParameterSet {
 public:
  /// `layers` is the dtype in which layers compute; bf16 creates the shadow.
  void allocate(const Context& context, std::uint64_t seed, Dtype layers = Dtype::f32);
  /// Allocates this set as a copy of another one's values and states, without gradients: forward passes, also those
  /// that train, record no graph. Its layers must be the first ones of the other set, so that values() are the first of
  /// the other's and an average of both is one operation; their names may have a prefix.
  void allocate_as_copy(const ParameterSet& other);
  /// Updates the shadow, if there is one, after something other than an optimizer has changed values.
  void refresh_shadow() const;

  /// Starts a step: the next write to each gradient overwrites it.
  void zero_grad();
  /// Ends a backward pass: zeroes the gradients that were not written in this step.
  void finish_gradients();
  /// Registers a function that every backward pass calls as soon as it has completed the gradient of parameter i.
  void on_complete(std::size_t i, std::function<void()> complete);

  const std::vector<ParameterInfo>& parameters() const { return infos_; }
  const std::vector<StateInfo>& states() const { return state_infos_; }
  Tensor value(std::size_t i) const { return slots_[i]->value.detach(); }
  Tensor gradient(std::size_t i) const { return slots_[i]->value.gradient(); }
  Tensor state(std::size_t i) const { return state_slots_[i]->value; }

  const Tensor& values() const { return values_; }                    ///< flat, f32
  const Tensor& gradients() const { return gradients_; }              ///< flat, f32; undefined in a copy
  const Tensor& shadow() const { return shadow_; }                    ///< flat, bf16; undefined without one
  const std::vector<std::string>& groups() const { return groups_; }  ///< in buffer order
  std::int64_t trainable(std::string_view group) const;               ///< number of scalars, without padding

 private:
  friend class Scope;
  Parameter add(ParameterInfo info);
  State add_state(StateInfo info);
  void place();
  void allocate_states(const Context& context);
  static Tensor slice(const Tensor& buffer, const ParameterInfo& info);
  void take_name(const std::string& name, const std::string& group);
  std::size_t position(const std::string& group) const;

  std::vector<std::shared_ptr<Parameter::Slot>> slots_;
  std::vector<std::shared_ptr<State::Slot>> state_slots_;
  std::vector<ParameterInfo> infos_;
  std::vector<StateInfo> state_infos_;
  std::vector<std::string> groups_;
  std::set<std::string> names_;
  std::map<std::uint32_t, std::string> drawn_;  // parameter names by the hash that seeds their draws
  std::int64_t size_ = 0, state_bytes_ = 0;     // of the flat buffers: elements, bytes
  Tensor values_, gradients_, shadow_, states_;
};

}  // namespace engine
