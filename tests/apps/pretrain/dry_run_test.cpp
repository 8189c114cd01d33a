#include "apps/pretrain/dry_run.h"

#include <doctest/doctest.h>

#include <filesystem>

using namespace apps;

TEST_CASE("dry run: times in the unit that people would use") {
  CHECK(about_time(0.04) == "about 0.0 seconds");
  CHECK(about_time(3.14) == "about 3.1 seconds");
  CHECK(about_time(119) == "about 119 seconds");
  CHECK(about_time(121) == "about 2.0 minutes");
  CHECK(about_time(90 * 60) == "about 90 minutes");
  CHECK(about_time(5.55 * 3600) == "about 5.5 hours");
  CHECK(about_time(41.2 * 86400) == "about 41 days");
  CHECK(about_time(3 * 365.25 * 86400) == "about 3.0 years");
  CHECK(about_time(131 * 365.25 * 86400) == "about 131 years");
}

TEST_CASE("dry run: where data cannot be opened, it says where they were looked for and what to do") {
  const std::string begin = "folder: there is no directory \"datasets/imagenet\" (relative paths begin in " +
                            std::filesystem::current_path().string() + "); a dry run needs no data: --data \"";
  const std::string message = "folder: there is no directory \"datasets/imagenet\"";
  CHECK(without_data(message, "randbit(folder:datasets/imagenet, bits=2)") ==
        begin + "randbit(blank(test_examples=50000), bits=2)\" has as many blank images, of the same size");
  CHECK(without_data(message, "npy:x") == begin + "blank()\" has blank images, and takes their number and size");
}
