#pragma once
#include <memory>
#include <span>
#include <vector>

#include "kernels/runtime/context.h"
#include "kernels/runtime/error.h"
#include "kernels/runtime/views.h"

namespace engine {

struct Node;

/// A handle to a dense, row-major buffer on one context's device, and to the graph that computed it if a gradient is
/// needed. Copying a Tensor copies the handle. Images are NHWC, convolution weights KRSC.
class Tensor {
 public:
  Tensor() = default;

  /// Uninitialised memory from the context's pool.
  static Tensor empty(const Context& context, Shape shape, Dtype dtype = Dtype::f32);
  static Tensor zeros(const Context& context, Shape shape, Dtype dtype = Dtype::f32);
  /// A copy of host data, which must have as many elements as `shape`.
  template <class T>
  static Tensor from(const Context& context, Shape shape, const std::vector<T>& values) {
    Tensor result = empty(context, shape, dtype_of<T>);
    result.upload<T>(values);
    return result;
  }

  explicit operator bool() const { return storage_ != nullptr; }
  const Context& context() const { return *context_; }
  const Shape& shape() const { return shape_; }
  Dtype dtype() const { return dtype_; }
  std::int64_t elements() const { return shape_.elements(); }
  std::size_t bytes() const { return static_cast<std::size_t>(elements()) * size_of(dtype_); }

  operator View() const { return {data(), dtype_, shape_}; }
  operator ConstView() const { return {data(), dtype_, shape_}; }

  /// The same buffer with another shape of as many elements; no graph.
  Tensor view_as(Shape shape) const;
  /// Rows [begin, begin + count) of the first dimension, sharing the buffer; no graph.
  Tensor narrow(std::int64_t begin, std::int64_t count) const;
  /// A part of a u8 buffer as another dtype; `offset_bytes` must be aligned for it.
  Tensor view_as(std::int64_t offset_bytes, Shape shape, Dtype dtype) const;
  /// The same buffer without its graph: for closures of gradients, and as a stop-gradient.
  Tensor detach() const;

  /// A copy on the host; waits for the device. Do not use it inside a training step.
  template <class T>
  std::vector<T> to_host() const {
    EXPECTS(dtype_of<T> == dtype_, "to_host: the tensor holds ", name(dtype_), ", not ", name(dtype_of<T>));
    std::vector<T> values(static_cast<std::size_t>(elements()));
    download(values.data());
    return values;
  }
  template <class T>
  void upload(std::span<const T> values) const {
    EXPECTS(dtype_of<T> == dtype_ && static_cast<std::int64_t>(values.size()) == elements(), "upload: tensor ", shape_,
            " of ", name(dtype_), " cannot take ", values.size(), " values of ", name(dtype_of<T>));
    upload_bytes(values.data());
  }
  /// `host` may be changed as soon as this returns.
  void upload_bytes(const void* host) const;
  /// The same of several pieces of host memory, which may be under way while the device does earlier work (Backend).
  void upload_ahead(std::span<const HostPiece> pieces) const;
  void download(void* host) const;
  float item() const;  ///< the value of an f32 tensor with one element

  /// A leaf that collects a gradient; `gradient()` returns it after `backward`.
  Tensor requires_gradient() const;
  Tensor gradient() const;  ///< undefined if backward has not reached this leaf
  bool wants_gradient() const { return node_ != nullptr; }
  const std::shared_ptr<Node>& node() const { return node_; }
  Tensor with_node(std::shared_ptr<Node> node) const;

 private:
  struct Storage;
  void* data() const;

  const Context* context_ = nullptr;
  std::shared_ptr<Storage> storage_;
  std::size_t offset_bytes_ = 0;
  Shape shape_;
  Dtype dtype_ = Dtype::f32;
  std::shared_ptr<Node> node_;
};

/// Copies the elements of `from` to `to` on their device; both need the same dtype and number of elements. No graph.
void copy(const Tensor& from, const Tensor& to);

}  // namespace engine
