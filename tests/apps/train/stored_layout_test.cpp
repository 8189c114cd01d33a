#include "apps/train/stored_layout.h"

#include <doctest/doctest.h>

#include "kernels/context.h"

using namespace apps;
using engine::Tensor;

TEST_CASE("stored layout: convolutions are OIHW in files") {
  const engine::Context context = kernels::make_context();
  // [out 1, rows 2, columns 1, in 2]: numbers are 10 * row + channel.
  const Tensor kernel = Tensor::from<float>(context, {1, 2, 1, 2}, {0, 1, 10, 11});
  CHECK(stored_form(kernel) == StoredForm{engine::StoredType::f32, {1, 2, 2, 1}});
  CHECK(text(stored_form(kernel)) == "F32 [1,2,2,1]");
  const std::vector<float> disk{0, 10, 1, 11};
  CHECK(to_disk(kernel) ==
        std::vector<std::byte>(std::as_bytes(std::span(disk)).begin(), std::as_bytes(std::span(disk)).end()));
  const Tensor back = Tensor::zeros(context, kernel.shape());
  from_disk(disk, back);
  CHECK(back.to_host<float>() == kernel.to_host<float>());
}

TEST_CASE("stored layout: all others are as in memory, and counters are whole") {
  const engine::Context context = kernels::make_context();
  const Tensor counter = Tensor::from<std::int64_t>(context, {}, {7}),
               back = Tensor::from<std::int64_t>(context, {}, {0});
  CHECK(text(stored_form(counter)) == "I64 []");
  const std::vector<std::byte> bytes = to_disk(counter);
  from_disk({.name = "n", .type = engine::StoredType::i64, .shape = {}, .bytes = bytes}, back);
  CHECK(back.to_host<std::int64_t>() == std::vector<std::int64_t>{7});
  CHECK(text(std::vector<std::int64_t>{3, 4}) == "[3,4]");
}
