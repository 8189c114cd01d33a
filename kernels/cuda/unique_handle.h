#pragma once
#include <utility>

namespace kernels::cuda {

/// A handle of a C interface that is given back when it goes.
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
    if (handle_) kDestroy(handle_);  // a destructor reports to no one
  }
  Handle get() const { return handle_; }

 private:
  Handle handle_;
};

}  // namespace kernels::cuda
