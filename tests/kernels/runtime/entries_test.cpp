#include "kernels/runtime/entries.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/engine/io/scratch_directory.h"

TEST_CASE("entries: those of the names are added up, whatever stands behind or beside them") {
  const ScratchDirectory scratch;
  std::ofstream(scratch / "file") << "MemFree:  7 kB\nSwapFree: 2 kB\n\nSwapFree\nfile 400\nfile";
  CHECK(engine::sum_of_entries(scratch / "file", {"MemFree:", "SwapFree:"}) == 9);
  CHECK(engine::sum_of_entries(scratch / "file", {"file"}) == 400);
  CHECK(engine::sum_of_entries(scratch / "file", {"Mem", "free"}) == 0);
  CHECK(engine::sum_of_entries(scratch / "none", {"file"}) == 0);
}
