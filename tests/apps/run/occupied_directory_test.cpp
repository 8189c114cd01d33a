#include "apps/run/occupied_directory.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "tests/engine/io/scratch_directory.h"

TEST_CASE("occupied directory: what belongs to another program is refused, and what does not exist is free") {
  const ScratchDirectory directory;
  const auto refuse = [](const std::filesystem::path& out) {
    apps::refuse_occupied(out, {"results.json", "config.toml"}, "holds a run", ", and these are many");
  };
  CHECK_NOTHROW(refuse(directory / "new"));
  engine::atomic_write_file(directory / "notes.txt", "mine");
  CHECK_NOTHROW(refuse(directory.path()));
  CHECK_THROWS_WITH_AS(refuse(directory / "notes.txt"), doctest::Contains("is a file, not a directory"),
                       apps::UsageError);
  engine::atomic_write_file(directory / "config.toml", "");
  CHECK_THROWS_WITH_AS(
      refuse(directory.path()),
      doctest::Contains("holds a run (it has config.toml), and these are many; choose another directory"),
      apps::UsageError);
}
