#include "data/files/shards.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/data/sources/idx_files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

namespace {

std::vector<std::string> names(const ScratchDirectory& scratch, const std::string& pattern) {
  std::vector<std::string> names;
  for (const auto& path : data::expand_shards((scratch / pattern).string())) {
    CHECK(path.parent_path() == scratch.path());
    names.push_back(path.filename());
  }
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("shards: ranges in braces, and patterns of the shell") {
  const ScratchDirectory scratch;
  for (const char* name :
       {"a-08.tar", "a-09.tar", "a-10.tar", "b 1x2.tar", "b 1x3.tar", "b 2x2.tar", "b 2x3.tar", "[1].tar"}) {
    write_plain(scratch / name, "");
  }
  CHECK(names(scratch, "a-08.tar") == Names{"a-08.tar"});
  CHECK(names(scratch, "a-{08..10}.tar") == Names{"a-08.tar", "a-09.tar", "a-10.tar"});
  CHECK(names(scratch, "b {1..2}x{2..3}.tar") == Names{"b 1x2.tar", "b 1x3.tar", "b 2x2.tar", "b 2x3.tar"});
  CHECK(names(scratch, "*-*.tar") == Names{"a-08.tar", "a-09.tar", "a-10.tar"});
  CHECK(names(scratch, "a-0?.tar") == Names{"a-08.tar", "a-09.tar"});
  CHECK(names(scratch, "b {1..2}x*") == Names{"b 1x2.tar", "b 1x3.tar", "b 2x2.tar", "b 2x3.tar"});
  CHECK(names(scratch, "[1].tar") == Names{"[1].tar"});  // a name before a pattern
  CHECK(names(scratch, "a-1[0-9].tar") == Names{"a-10.tar"});
}

TEST_CASE("shards: says what is missing") {
  const ScratchDirectory scratch;
  write_plain(scratch / "a-1.tar", "");
  const auto failure = [&](const std::string& pattern) {
    return message_of<engine::DataError>([&] { names(scratch, pattern); });
  };
  CHECK(failure("b.tar") == engine::concat("there is no file ", scratch / "b.tar"));
  CHECK(failure("b*.tar") == engine::concat("no file matches ", scratch / "b*.tar"));
  CHECK(failure("a-{1..2}.tar") == engine::concat("there is no file ", scratch / "a-2.tar"));
  CHECK(failure("a-{2..1}.tar") == engine::concat("the range {2..1} of '", (scratch / "a-{2..1}.tar").string(),
                                                  "' must ascend and be of at most 100000 files"));
  CHECK(failure("a-{0..100000}.tar").starts_with("the range {0..100000} of "));
  CHECK(failure("a-{x..2}.tar") == engine::concat("there is no file ", scratch / "a-{x..2}.tar"));
  CHECK(failure("a-{1}.tar") == engine::concat("there is no file ", scratch / "a-{1}.tar"));
}
