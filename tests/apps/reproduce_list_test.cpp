// `reproduce --list` measures a few steps of every network, which takes a minute.
#include <doctest/doctest.h>

#include "tests/apps/workbench.h"

using namespace tests;

TEST_CASE("reproduce --list: every experiment with its needs and its time") {
  const Ended ended = Program(REPRODUCE, {"--list"}).wait();
  CHECK(ended.exit_code == 0);
  CHECK(ended.out.find("\nrandbits-mnist\n  RandBits on MNIST") != std::string::npos);
  CHECK(ended.out.find("; needs MNIST's four idx files: --data mnist:PATH\n") != std::string::npos);
  CHECK(ended.out.find("\n  small  16 runs, about ") != std::string::npos);
  CHECK(ended.out.find("time unknown") == std::string::npos);
}
