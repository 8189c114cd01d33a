#include "apps/run/data_fingerprint.h"

#include <doctest/doctest.h>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::DataFingerprint;

TEST_CASE("data fingerprint: a run's own is accepted from any place, another is refused with the split") {
  const ScratchDirectory scratch;
  const DataFingerprint fingerprint{.train = "aa", .test = "bb"};
  CHECK_FALSE(apps::read_fingerprint(scratch.path()));
  apps::check_same_data(scratch.path(), fingerprint, "mnist:d");  // a run of a version that wrote none
  apps::write_fingerprint(scratch.path(), fingerprint);
  CHECK(apps::read_fingerprint(scratch.path()) == fingerprint);
  apps::check_same_data(scratch.path(), fingerprint, "mnist:d");
  const auto refusal = [&](const DataFingerprint& opened) {
    return message_of<engine::DataError>([&] { apps::check_same_data(scratch.path(), opened, "mnist:d"); });
  };
  const std::string begin = "mnist:d is not the data that the run in " + scratch.path().string() +
                            " began with: images or labels of its ",
                    end = " differ; put that data back, or say with --data where it is now";
  CHECK(refusal({.train = "ab", .test = "bb"}) == begin + "training set" + end);
  CHECK(refusal({.train = "aa", .test = "ba"}) == begin + "test set" + end);
}

TEST_CASE("data fingerprint: a damaged file is a sentence") {
  const ScratchDirectory scratch;
  const std::string deep = R"({"train_sha256": "a", "test_sha256": "b", "more": )" + std::string(1'000'000, '[');
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
                                  std::string(R"({"train_sha256": 1, "test_sha256": "b"})"),
                                  std::string(R"({"train_sha256": "a"})"), deep + std::string(1'000'000, ']') + "}"}) {
    CAPTURE(text.substr(0, 60));
    engine::atomic_write_file(scratch / "data.json", text);
    CHECK(message_of<engine::DataError>([&] { apps::read_fingerprint(scratch.path()); }) ==
          (scratch / "data.json").string() +
              " is damaged: it must say train_sha256 and test_sha256; delete it if the "
              "run's data is surely unchanged");
  }
}
