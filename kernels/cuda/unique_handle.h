#pragma once
#include <utility>

namespace kernels::cuda {

/// An owned handle of a C interface, destroyed with this object.
template <class Handle, auto kDestroy>
class UniqueHandle {
 public:
  explicit UniqueHandle(Handle handle = {}) : handle_(handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  UniqueHandle& operator=(UniqueHandle other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~UniqueHandle() {
    if (handle_) kDestroy(handle_);  // a destructor has no one to report an error to
  }
  Handle get() const { return handle_; }
  Handle release() { return std::exchange(handle_, Handle{}); }

 private:
  Handle handle_;
};

}  // namespace kernels::cuda
