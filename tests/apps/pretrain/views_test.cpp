#include "apps/pretrain/views.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "apps/settings/usage_error.h"
#include "kernels/context.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

TEST_CASE("views: of more examples than there are are refused, and nothing is written") {
  const ScratchDirectory scratch;
  const engine::Context context = kernels::make_context();
  Config config;
  config.train.steps = 1;
  const std::string file = scratch / "views.png";
  CHECK(message_of<UsageError>([&] {
          write_views(context, config, 1'000'000, file, {});
        }).starts_with("--dump-views: the data has "));
  CHECK_FALSE(std::filesystem::exists(file));
  write_views(context, config, 2, file, {});
  CHECK(std::filesystem::file_size(file) > 1000);
}
