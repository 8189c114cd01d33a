#include "data/open.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using data::open_source;
using data::Split;

TEST_CASE("open: each scheme opens its source, in the split that was asked for") {
  CHECK(open_source("digits:", Split::train)->size() == 60000);
  CHECK(open_source("digits:", Split::test)->size() == 10000);
  const ScratchDirectory scratch;
  write_plain(scratch / "t10k-images-idx3-ubyte", idx_bytes(0x803, {1, 1, 3}, "xyz"));
  write_plain(scratch / "t10k-labels-idx1-ubyte", idx_bytes(0x801, {1}, "\x04"));
  CHECK(open_source("mnist:" + scratch.path().string(), Split::test)->label(0) == 4);
}

TEST_CASE("open: names the known schemes when it does not know one") {
  const auto failure = [](std::string_view name) {
    return message_of<engine::DataError>([&] { open_source(name, Split::train); });
  };
  CHECK(failure("imagenet:DIR") == "data: unknown source 'imagenet:DIR'; expected digits:, mnist:DIR or npy:DIR");
  CHECK(failure("digits") == "data: unknown source 'digits'; expected digits:, mnist:DIR or npy:DIR");
  CHECK(failure("") == "data: unknown source ''; expected digits:, mnist:DIR or npy:DIR");
  CHECK(failure("digits:7") == "data: digits: takes nothing after its colon, got 'digits:7'");
  CHECK(failure("mnist:") == "data: mnist: needs a directory, as in mnist:DIR");
  CHECK(failure("npy:") == "data: npy: needs a directory, as in npy:DIR");
}
