#include "apps/tensorboard/crc32c.h"

#include <doctest/doctest.h>

#include <string>

using namespace apps;

TEST_CASE("crc32c: the values of RFC 3720, and the masked one that TensorBoard computes") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(masked_crc32c("antipode") == 0x7ddcb2be);
}
