#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace engine {

class Grads;

/// Computes the gradients of an operation's inputs from that of its output.
using BackwardFunction = std::function<void(const Tensor& dy, Grads& d)>;

/// A vertex of the graph: a leaf (no backward function) or the output of an operation. Made by `with_grad`.
struct Node {
  std::vector<std::shared_ptr<Node>> inputs;  ///< null where an input wants no gradient
  std::vector<Shape> input_shapes;
  std::vector<Dtype> input_dtypes;
  BackwardFunction backward;  ///< null for a leaf, and once it has run
  int layer = -1;             ///< of the profiler, where the operation was called
  bool has_run = false;
  std::function<void(const Tensor& gradient)> on_complete;  ///< of a leaf

  Tensor gradient;       ///< preset for parameters (their slice of the flat buffer), else allocated when first written
  bool written = false;  ///< whether `gradient` holds something to add to
  bool shared = false;   ///< `gradient` belongs to another node too: copy before adding to it
};

/// What a backward function writes to: input i's gradient, if wanted.
class Grads {
 public:
  Grads(const Context& context, Node& node) : context_(context), node_(node) {}

  bool wants(int i) const { return node_.inputs[static_cast<std::size_t>(i)] != nullptr; }
  /// Where gradient i goes, and whether to add to it or to overwrite it. The closure must then write all of it.
  Destination into(int i);
  /// Hands over a finished gradient without a copy where possible (an addition passes dy to both its inputs).
  void pass(int i, const Tensor& dx);

 private:
  const Context& context_;
  Node& node_;
};

/// Attaches the gradient of an operation to its output. Without any input that wants a gradient, nothing is kept and
/// the closure is dropped. The closure captures exactly the (detached) tensors that the gradient reads; capturing the
/// output's own graph would be a cycle.
Tensor with_grad(const Tensor& y, std::initializer_list<Tensor> inputs, BackwardFunction backward);

/// Runs the graph of `loss` (a scalar) backwards from dloss = 1: each node once all nodes that use its output have run,
/// and released as soon as it has. Gradients of leaves that were written before accumulate; `ParameterSet::zero_grad`
/// starts parameters afresh. Throws when any of the graph has run before.
void backward(const Tensor& loss);
/// The same from a given gradient of `y`, which has y's shape.
void backward(const Tensor& y, const Tensor& dy);

/// Has `complete` called with the gradient of a leaf in every backward pass that reaches it, as soon as the last use of
/// the leaf in that graph has added to it: work on this gradient then overlaps with the rest of the pass.
void on_complete(const Tensor& leaf, std::function<void(const Tensor& gradient)> complete);

}  // namespace engine
