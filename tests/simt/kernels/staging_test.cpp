#include "kernels/cuda/staging.h"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "kernels/cuda/backend.h"
#include "tests/simt/device_array.h"

using kernels::cuda::CudaBackend;
using kernels::cuda::Staging;

TEST_CASE("cuda staging: copies of any size arrive whole, in pieces where they are large") {
  CudaBackend backend(0);
  Staging staging(backend.stream(), 1000);
  for (const std::size_t size : {1u, 127u, 999u, 1000u, 1001u, 4321u}) {
    CAPTURE(size);
    std::vector<std::uint8_t> sent(size), received(size);
    std::iota(sent.begin(), sent.end(), std::uint8_t{3});
    const tests::DeviceArray<std::uint8_t> device(size);
    staging.upload(device.data(), sent.data(), size);
    staging.download(received.data(), device.data(), size);
    CHECK(received == sent);
  }
}

TEST_CASE("cuda staging: the host may overwrite what it has sent, however many copies are under way") {
  CudaBackend backend(0);
  Staging staging(backend.stream());
  constexpr int kCopies = 3 * static_cast<int>(Staging::kMostUnderWay);
  const tests::DeviceArray<std::int32_t> device(kCopies);
  for (std::int32_t i = 0; i < kCopies; ++i) {
    std::int32_t value = i;
    staging.upload(device.data() + i, &value, sizeof(value));
    value = -1;
  }
  std::vector<std::int32_t> received(kCopies), expected(kCopies);
  std::iota(expected.begin(), expected.end(), 0);
  staging.download(received.data(), device.data(), device.bytes());
  CHECK(received == expected);
}

TEST_CASE("cuda staging: what was read stays as it is while other copies come and go") {
  CudaBackend backend(0);
  Staging staging(backend.stream());
  const std::int32_t first = 7, second = 8;
  const tests::DeviceArray<std::int32_t> device(1);
  staging.upload(device.data(), &first, sizeof(first));
  const auto one = staging.read(device.data(), sizeof(first));
  staging.upload(device.data(), &second, sizeof(second));
  const auto other = staging.read(device.data(), sizeof(second));
  CHECK(*static_cast<const std::int32_t*>(one->wait()) == first);
  CHECK(*static_cast<const std::int32_t*>(other->wait()) == second);
}
