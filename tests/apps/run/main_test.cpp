#include "apps/run/main.h"

#include <doctest/doctest.h>
#include <stdlib.h>

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

namespace {

/// As if a launcher had started this process and others.
class Launched {
 public:
  explicit Launched(const char* rank) {
    setenv("PMI_RANK", rank, 1);
    setenv("PMI_SIZE", "3", 1);
  }
  ~Launched() {
    unsetenv("PMI_RANK");
    unsetenv("PMI_SIZE");
  }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;
};

/// Notes how the ranks end.
struct Ends final : engine::Communicator {
  int rank() const override { return 0; }
  int ranks() const override { return 3; }
  void all_reduce(const engine::View&) override {}
  void all_gather(const engine::View&) override {}
  void reduce_scatter(const engine::View&) override {}
  void broadcast(const engine::View&, int) override {}
  std::int64_t highest(std::int64_t value) override { return value; }
  std::vector<std::string> exchange(const std::string& text) override { return {text, text, text}; }
  double patience() const override { return 0; }
  void set_patience(double) override {}
  void leave() override { how += "left"; }
  void abort(int exit_code) override { how += "aborted " + std::to_string(exit_code) + ", "; }

  static inline std::string how;
};

Outcome run_on_ranks(int (*program)(int, char**, engine::Communicator&)) {
  std::ostringstream text;
  std::streambuf* before = std::cerr.rdbuf(text.rdbuf());
  std::string name = "pretrain";
  char* argv[] = {name.data(), nullptr};
  Ends::how.clear();
  const auto join = []() -> std::unique_ptr<engine::Communicator> { return std::make_unique<Ends>(); };
  const int code = apps::run_main(1, argv, join, program);
  std::cerr.rdbuf(before);
  return {code, text.str()};
}

}  // namespace

TEST_CASE("main: a program that computes in one process refuses to be started several times") {
  const Launched launched("0");
  const Outcome several = run([](int, char**) { return 0; }, "lineval");
  CHECK(several.code == 2);
  CHECK(several.text ==
        "lineval: error: mpirun started 3 processes of lineval, which computes in one: start it without "
        "mpirun (see `lineval --help`)\n");
}

TEST_CASE("main: ranks that end alike leave together, rank 0 says it, and an error ends them all") {
  {
    const Launched first("0");
    CHECK(run_on_ranks([](int, char**, engine::Communicator&) { return 0; }).code == 0);
    CHECK(Ends::how == "left");
    const Outcome stopped =
        run_on_ranks([](int, char**, engine::Communicator&) -> int { throw apps::Interrupted("stopped by SIGTERM"); });
    CHECK(stopped.code == 75);
    CHECK(stopped.text == "pretrain: stopped by SIGTERM\n");
    CHECK(Ends::how == "left");
  }
  const Launched third("2");
  const Outcome stopped =
      run_on_ranks([](int, char**, engine::Communicator&) -> int { throw apps::Interrupted("stopped by SIGTERM"); });
  CHECK(stopped.code == 75);
  CHECK(stopped.text.empty());
  CHECK(
      run_on_ranks([](int, char**, engine::Communicator&) -> int { throw apps::NonFiniteError("NaN"); }).text.empty());
  CHECK(Ends::how == "left");
  const Outcome failed =
      run_on_ranks([](int, char**, engine::Communicator&) -> int { throw engine::DataError("bad file"); });
  CHECK(failed.code == 3);
  CHECK(failed.text == "pretrain: error: rank 2: bad file\n");
  CHECK(Ends::how == "aborted 3, left");
}
