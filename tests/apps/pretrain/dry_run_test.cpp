#include "apps/pretrain/dry_run.h"

#include <doctest/doctest.h>

#include <filesystem>

using namespace apps;

TEST_CASE("dry run: where data cannot be opened, it says where they were looked for and what to do") {
  const std::string begin = "folder: there is no directory \"datasets/imagenet\" (relative paths begin in " +
                            std::filesystem::current_path().string() + "); a dry run needs no data: --data \"";
  const std::string message = "folder: there is no directory \"datasets/imagenet\"";
  CHECK(without_data(message, "randbit(folder:datasets/imagenet, bits=2)") ==
        begin + "randbit(blank(test_examples=50000), bits=2)\" has as many blank images, of the same size");
  CHECK(without_data(message, "npy:x") == begin + "blank()\" has blank images, and takes their number and size");
}
