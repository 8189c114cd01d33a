#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace engine {

class Grads;

/// Computes the gradients of an operation's inputs from the gradient of its output.
using BackwardFunction = std::function<void(const Tensor& dy, Grads& d)>;

/// A vertex of the graph: a leaf (no backward function) or the output of an operation. Made by `with_grad`.
struct Node {
  std::vector<std::shared_ptr<Node>> inputs;  ///< null if an input needs no gradient
  std::vector<Shape> input_shapes;
  std::vector<Dtype> input_dtypes;
  BackwardFunction backward;  ///< null for a leaf, and once it has run
  int layer = -1;             ///< index of the profiler's layer that called the operation
  bool has_run = false;
  std::function<void(const Tensor& gradient)> on_complete;  ///< leaves only

  Tensor gradient;       ///< parameters: their slice of the flat buffer; others: allocated at the first write
  bool written = false;  ///< whether `gradient` holds a value to add to
  bool shared = false;   ///< another node uses `gradient`, too: copy before adding
};

/// The destinations of a backward function: the gradients of those inputs that need one.
class Grads {
 public:
  Grads(const Context& context, Node& node) : context_(context), node_(node) {}

  bool wants(int i) const { return node_.inputs[static_cast<std::size_t>(i)] != nullptr; }
  /// The destination of gradient i, with a flag: add or overwrite. The closure must write all of it.
  Destination into(int i);
  /// Passes a finished gradient on, without a copy where possible (an addition passes dy to both inputs).
  void pass(int i, const Tensor& dx);

 private:
  const Context& context_;
  Node& node_;
};

/// Attaches the gradient of an operation to its output. If no input needs a gradient, the closure is dropped. The
/// closure must capture only the (detached) tensors that the gradient reads; if it captured the output with its graph,
/// there would be a reference cycle.
Tensor with_grad(const Tensor& y, std::initializer_list<Tensor> inputs, BackwardFunction backward);

/// Runs the graph of `loss` (a scalar) backwards from dloss = 1. Each node runs when all nodes that use its output have
/// run, and is released at once. Gradients of leaves accumulate over calls; `ParameterSet::zero_grad` starts parameters
/// anew. Throws if a part of the graph has already run.
void backward(const Tensor& loss);
/// The same, starting from a given gradient of `y`, which must have y's shape.
void backward(const Tensor& y, const Tensor& dy);

/// Registers a function for the gradient of a leaf. Every backward pass that reaches the leaf calls it as soon as the
/// leaf's gradient is complete, so that work on this gradient can overlap with the rest of the pass.
void on_complete(const Tensor& leaf, std::function<void(const Tensor& gradient)> complete);

}  // namespace engine
