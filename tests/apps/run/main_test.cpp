#include "apps/run/main.h"

#include <doctest/doctest.h>

#include <iostream>
#include <new>
#include <sstream>
#include <string>

#include "apps/run/exit_code.h"

namespace {

struct Outcome {
  int code;
  std::string text;
};

Outcome run(int (*program)(int, char**), std::string name = "/usr/bin/pretrain") {
  std::ostringstream text;
  std::streambuf* before = std::cerr.rdbuf(text.rdbuf());
  char* argv[] = {name.data(), nullptr};
  const int code = apps::run_main(1, argv, program);
  std::cerr.rdbuf(before);
  return {code, text.str()};
}

}  // namespace

TEST_CASE("main: every kind of failure has its line and exit code") {
  const Outcome success = run([](int, char**) { return 0; });
  CHECK(success.code == 0);
  CHECK(success.text.empty());

  const Outcome usage = run([](int, char**) -> int { throw apps::UsageError("bad flag"); });
  CHECK(usage.code == 2);
  CHECK(usage.text == "pretrain: error: bad flag (see `pretrain --help`)\n");

  const Outcome nameless = run([](int, char**) -> int { throw engine::Error("other"); }, "");
  CHECK(nameless.text == "program: error: other\n");

  const Outcome data = run([](int, char**) -> int { throw engine::DataError("bad file"); });
  CHECK(data.code == 3);
  CHECK(data.text == "pretrain: error: bad file\n");

  CHECK(run([](int, char**) -> int { throw apps::NonFiniteError("NaN"); }).code == 4);
  CHECK(run([](int, char**) -> int { throw engine::Error("other"); }).code == 1);
  CHECK(run([](int, char**) -> int { throw std::runtime_error("other"); }).code == 1);

  const Outcome memory = run([](int, char**) -> int { throw std::bad_alloc(); });
  CHECK(memory.code == 1);
  CHECK(memory.text == "pretrain: error: out of memory on the host; use a smaller batch size, network or data set\n");

  const Outcome device = run([](int, char**) -> int { throw engine::OutOfMemory("out of memory: wanted much", {}); });
  CHECK(device.code == 1);
  CHECK(device.text == "pretrain: error: out of memory: wanted much; use a smaller batch size, network or data set\n");

  const Outcome stopped = run([](int, char**) -> int { throw apps::Interrupted("stopped by SIGTERM"); });
  CHECK(stopped.code == 75);
  CHECK(stopped.text == "pretrain: stopped by SIGTERM\n");
}

TEST_CASE("main: output that cannot be written is a failure, and the output of a later program is not") {
  struct Full final : std::streambuf {
    int_type overflow(int_type) override { return traits_type::eof(); }
  } full;
  std::streambuf* before = std::cout.rdbuf(&full);
  const Outcome outcome = run([](int, char**) {
    std::cout << "result\n";
    return 0;
  });
  std::cout.rdbuf(before);
  std::cout.clear();
  CHECK(outcome.code == 1);
  CHECK(outcome.text.starts_with("pretrain: error: cannot write to standard output: "));
  CHECK(std::cout.exceptions() == std::ios_base::goodbit);
}
