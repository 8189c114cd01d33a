#include "engine/autograd.h"

#include <algorithm>
#include <cassert>
#include <queue>
#include <utility>

#include "kernels/elementwise.h"

namespace engine {

Destination Grads::into(int i) {
  const auto index = static_cast<std::size_t>(i);
  Node& target = *node_.inputs[index];
  if (target.shared) {
    Tensor copy = Tensor::empty(context_, target.gradient.shape(), target.gradient.dtype());
    context_.backend().copy(View(copy).data, View(target.gradient).data, copy.bytes(), CopyKind::device_to_device);
    target.gradient = copy;
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
    if (input.node()) node->depth = std::max(node->depth, input.node()->depth + 1);
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
  if (!y.node()->backward) throw Error("backward: called on a leaf, or a second time on a graph that has already run");
  y.node()->gradient = dy.detach();
  y.node()->written = true;

  const auto shallower = [](const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) {
    return a->depth < b->depth;
  };
  std::priority_queue<std::shared_ptr<Node>, std::vector<std::shared_ptr<Node>>, decltype(shallower)> ready(shallower);
  ready.push(y.node());
  while (!ready.empty()) {
    const std::shared_ptr<Node> node = ready.top();
    ready.pop();
    if (!node->backward) continue;  // already run: several consumers queued it
    assert(node->written);
    Grads grads(y.context(), *node);
    const LayerRange layer(y.context(), {.layer = node->layer, .backward = true});
    const Tensor gradient = std::exchange(node->gradient, {});
    std::exchange(node->backward, nullptr)(gradient, grads);
    for (std::shared_ptr<Node>& input : node->inputs) {
      if (input && input->backward) ready.push(std::move(input));
    }
    node->inputs.clear();
  }
}

}  // namespace engine
