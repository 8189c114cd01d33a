#include "kernels/cpu/backend.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>

#include "kernels/context.h"
#include "kernels/runtime/error.h"

TEST_CASE("cpu backend: memory of any size is aligned and whole") {
  kernels::cpu::CpuBackend backend;
  for (const std::size_t bytes : {std::size_t{128}, (std::size_t{1} << 21) - 128, std::size_t{1} << 21,
                                  (std::size_t{1} << 21) + 1, std::size_t{9} << 18}) {
    CAPTURE(bytes);
    void* memory = backend.allocate(bytes);
    REQUIRE(memory != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % 128 == 0);
    std::memset(memory, 1, bytes);
    backend.deallocate(memory, bytes);
  }
}

TEST_CASE("cpu backend: tf32 is for GPUs") {
  CHECK_THROWS_WITH_AS(kernels::make_context({.device = {}, .threads = 1, .tf32 = true}),
                       "precision: tf32 is a mode of GPUs; use fp32 on the CPU", engine::Error);
}
