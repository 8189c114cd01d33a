#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "tests/engine/io/scratch_directory.h"

namespace {

unsigned selected = 0;

/// Notes how many cases the filters let through: doctest calls a run of none a success.
struct SelectedCases final : doctest::IReporter {
  explicit SelectedCases(const doctest::ContextOptions&) {}
  void test_run_end(const doctest::TestRunStats& stats) override { selected = stats.numTestCasesPassingFilters; }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("selected", 1, SelectedCases);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const ScratchDirectory cache;  // not the user's: what earlier runs left there must not decide anything
  setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  const int result = context.run();
  if (context.shouldExit()) return result;  // a query such as --list-test-cases
  if (selected == 0) {
    std::fputs("no test case matches the filters\n", stderr);
    return 1;
  }
  return result;
}
