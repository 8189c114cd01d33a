#include "apps/input/first_views.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/context.h"
#include "tests/apps/memory_source.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("first views: two views of each of the first images, the same every time, and others with another seed") {
  const ScratchDirectory scratch;
  const engine::Context context = kernels::make_context();
  const auto drawn = [&](std::int64_t size, std::int64_t seed) {
    const tests::MemorySource source(size, 2);  // planes of bits are not shown
    Config config;
    config.train.seed = seed;
    first_views(context, config, source).write(scratch / "views.png");
    return engine::read_file(scratch / "views.png");
  };
  const std::string views = drawn(20, 1);
  CHECK(drawn(20, 1) == views);
  CHECK(drawn(20, 2) != views);
  const auto height = [](const std::string& png) {
    return static_cast<unsigned char>(png[22]) * 256 + static_cast<unsigned char>(png[23]);
  };
  CHECK(height(views) >= 8 * 28);
  CHECK(height(views) < 9 * 28);
  CHECK(height(drawn(3, 1)) < 4 * 28);
}
