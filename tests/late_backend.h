#pragma once
#include <deque>

#include "kernels/cpu/backend.h"

namespace tests {

/// The CPU, but what is read arrives only when the test says so, or when it is waited for: as on a GPU.
class LateBackend final : public kernels::cpu::CpuBackend {
 public:
  std::unique_ptr<engine::Readback> read(const void* from, std::size_t bytes) override {
    return std::make_unique<Late>(CpuBackend::read(from, bytes), arrived_);
  }
  void arrive() { *arrived_ = true; }
  void delay() { arrived_ = std::make_shared<bool>(false); }  ///< what is read from now on

 private:
  struct Late final : engine::Readback {
    Late(std::unique_ptr<engine::Readback> copy, std::shared_ptr<bool> flag) : bytes(std::move(copy)), here(flag) {}
    bool arrived() const override { return *here; }
    const void* wait() const override { return bytes->wait(); }
    std::unique_ptr<engine::Readback> bytes;
    std::shared_ptr<bool> here;
  };
  std::shared_ptr<bool> arrived_ = std::make_shared<bool>(false);
};

}  // namespace tests
