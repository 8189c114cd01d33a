#include "engine/tensor.h"

#include "engine/autograd.h"

namespace engine {

struct Tensor::Storage {
  Storage(Pool& owner, std::size_t bytes) : pool(owner), block(owner.allocate(bytes)) {}
  ~Storage() { pool.release(block); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  Pool& pool;
  Pool::Block block;
};

Tensor Tensor::empty(const Context& context, Shape shape, Dtype dtype) {
  Tensor result;
  result.context_ = &context;
  result.shape_ = shape;
  result.dtype_ = dtype;
  result.storage_ = std::make_shared<Storage>(context.pool(), result.bytes());
  return result;
}

Tensor Tensor::zeros(const Context& context, Shape shape, Dtype dtype) {
  Tensor result = empty(context, shape, dtype);
  context.backend().fill_zero(result.data(), result.bytes());
  return result;
}

void* Tensor::data() const {
  return storage_ ? static_cast<std::byte*>(storage_->block.memory) + offset_bytes_ : nullptr;
}

Tensor Tensor::detach() const {
  Tensor result = *this;
  result.node_ = nullptr;
  return result;
}

Tensor Tensor::with_node(std::shared_ptr<Node> node) const {
  Tensor result = *this;
  result.node_ = std::move(node);
  return result;
}

Tensor Tensor::view_as(Shape shape) const {
  EXPECTS(shape.elements() == elements(), "reshape: ", shape_, " has ", elements(), " elements, ", shape, " has ",
          shape.elements());
  Tensor result = detach();
  result.shape_ = shape;
  return result;
}

Tensor Tensor::narrow(std::int64_t begin, std::int64_t count) const {
  EXPECTS(shape_.rank() > 0 && begin >= 0 && count >= 0 && begin + count <= shape_[0], "rows [", begin, ",",
          begin + count, ") are not inside a tensor of shape ", shape_);
  Tensor result = detach();
  const std::size_t row_bytes = shape_[0] > 0 ? bytes() / static_cast<std::size_t>(shape_[0]) : 0;
  result.offset_bytes_ += static_cast<std::size_t>(begin) * row_bytes;
  result.shape_ = shape_.with_rows(count);
  return result;
}

Tensor Tensor::view_as(std::int64_t offset_bytes, Shape shape, Dtype dtype) const {
  Tensor result = detach();
  result.offset_bytes_ += static_cast<std::size_t>(offset_bytes);
  result.shape_ = shape;
  result.dtype_ = dtype;
  EXPECTS(
      dtype_ == Dtype::u8 && offset_bytes >= 0 && static_cast<std::size_t>(offset_bytes) + result.bytes() <= bytes(),
      "slice: ", result.bytes(), " bytes at ", offset_bytes, " are not inside ", bytes(), " bytes of ", name(dtype_));
  return result;
}

void Tensor::upload_bytes(const void* host) const {
  context_->backend().copy(data(), host, bytes(), CopyKind::host_to_device);
}

void Tensor::upload_ahead(std::span<const HostPiece> pieces) const {
  for (const HostPiece& piece : pieces) {
    EXPECTS(piece.offset + piece.bytes <= bytes(), "upload: ", piece.bytes, " bytes at ", piece.offset,
            " are not inside the ", bytes(), " of tensor ", shape_, " of ", name(dtype_));
  }
  context_->backend().upload_ahead(data(), bytes(), pieces);
}

void Tensor::download(void* host) const { context_->backend().copy(host, data(), bytes(), CopyKind::device_to_host); }

float Tensor::item() const {
  EXPECTS(elements() == 1, "item: expected one element, got ", shape_);
  return to_host<float>().front();
}

Tensor Tensor::requires_gradient() const { return with_node(std::make_shared<Node>()); }

Tensor Tensor::gradient() const { return node_ ? node_->gradient : Tensor(); }

void copy(const Tensor& from, const Tensor& to) {
  EXPECTS(from.dtype() == to.dtype() && from.elements() == to.elements(), "copy: ", name(from.dtype()), " ",
          from.shape(), " does not fit over ", name(to.dtype()), " ", to.shape());
  from.context().backend().copy(View(to).data, View(from).data, from.bytes(), CopyKind::device_to_device);
}

}  // namespace engine
