#include "engine/autograd.h"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "kernels/elementwise.h"

namespace engine {
namespace {

using UseCounts = std::unordered_map<const Node*, int>;

/// The number of times that each node is an input of other nodes in the graph.
UseCounts count_uses(const Node& output) {
  UseCounts uses;
  std::vector<const Node*> unvisited{&output};
  while (!unvisited.empty()) {
    const Node& node = *unvisited.back();
    unvisited.pop_back();
    EXPECTS(!node.has_run,
            "backward: this graph, or a part of it, has run before and is released; add the losses that "
            "share it and call backward once");
    for (const std::shared_ptr<Node>& input : node.inputs) {
      if (input && ++uses[input.get()] == 1) unvisited.push_back(input.get());
    }
  }
  return uses;
}

void run(const Context& context, Node& node) {
  Grads grads(context, node);
  const LayerRange layer(context, {.layer = node.layer, .backward = true});
  const Tensor gradient = std::exchange(node.gradient, {});
  node.has_run = true;
  std::exchange(node.backward, nullptr)(gradient, grads);
}

}  // namespace

Destination Grads::into(int i) {
  const auto index = static_cast<std::size_t>(i);
  Node& target = *node_.inputs[index];
  if (target.shared) {
    Tensor own = Tensor::empty(context_, target.gradient.shape(), target.gradient.dtype());
    copy(target.gradient, own);
    target.gradient = own;
    target.shared = false;
  }
  if (!target.gradient) target.gradient = Tensor::empty(context_, node_.input_shapes[index], node_.input_dtypes[index]);
  return {target.gradient, std::exchange(target.written, true)};
}

void Grads::pass(int i, const Tensor& dx) {
  const auto index = static_cast<std::size_t>(i);
  Node& target = *node_.inputs[index];
  if (!target.gradient) {
    target.gradient = dx.view_as(node_.input_shapes[index]);
    target.written = target.shared = true;
    return;
  }
  kernels::scale(context_, {.x = dx, .y = into(i)});
}

Tensor with_grad(const Tensor& y, std::initializer_list<Tensor> inputs, BackwardFunction backward) {
  if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.wants_gradient(); })) return y;
  auto node = std::make_shared<Node>();
  node->layer = y.context().profiler().place().layer;
  for (const Tensor& input : inputs) {
    node->inputs.push_back(input.node());
    node->input_shapes.push_back(input.shape());
    node->input_dtypes.push_back(input.dtype());
  }
  node->backward = std::move(backward);
  return y.with_node(std::move(node));
}

void backward(const Tensor& loss) {
  EXPECTS(loss.elements() == 1, "backward: expected a scalar loss, got shape ", loss.shape());
  Tensor one = Tensor::empty(loss.context(), loss.shape());
  kernels::fill(loss.context(), {.value = 1.0f, .y = one});
  backward(loss, one);
}

void backward(const Tensor& y, const Tensor& dy) {
  EXPECTS(y.wants_gradient(), "backward: nothing in the graph of this tensor wants a gradient");
  EXPECTS(dy.shape() == y.shape(), "backward: the gradient must have the tensor's shape ", y.shape(), ", got ",
          dy.shape());
  EXPECTS(y.node()->backward || y.node()->has_run, "backward: called on a leaf; call it on what was computed from one");
  UseCounts uses = count_uses(*y.node());
  y.node()->gradient = dy.detach();
  y.node()->written = true;

  std::vector<std::shared_ptr<Node>> ready{y.node()};
  while (!ready.empty()) {
    const std::shared_ptr<Node> node = std::move(ready.back());
    ready.pop_back();
    assert(node->written);
    run(y.context(), *node);
    for (std::shared_ptr<Node>& input : std::exchange(node->inputs, {})) {
      if (!input || --uses.at(input.get()) > 0) continue;
      if (input->backward) {
        ready.push_back(std::move(input));
      } else if (input->on_complete) {
        input->on_complete(input->gradient);
      }
    }
  }
}

void on_complete(const Tensor& leaf, std::function<void(const Tensor& gradient)> complete) {
  EXPECTS(leaf.node() && !leaf.node()->backward && !leaf.node()->has_run,
          "on_complete: expected a leaf that collects a gradient, as requires_gradient makes one");
  leaf.node()->on_complete = std::move(complete);
}

}  // namespace engine
