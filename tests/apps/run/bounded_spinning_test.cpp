#include "apps/run/bounded_spinning.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace {

/// Unsets an environment variable and restores it at the end.
class WithoutVariable {
 public:
  explicit WithoutVariable(const char* name) : name_(name) {
    if (const char* value = std::getenv(name)) before_ = value;
    unsetenv(name);
  }
  WithoutVariable(const WithoutVariable&) = delete;
  WithoutVariable& operator=(const WithoutVariable&) = delete;
  ~WithoutVariable() {
    if (before_) setenv(name_, before_->c_str(), 1);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("bounded spinning: arguments that the process was not started with start nothing") {
  const WithoutVariable policy("OMP_WAIT_POLICY"), count("GOMP_SPINCOUNT");
  char name[] = "/bin/false";
  char* argv[] = {name, nullptr};
  apps::bound_spinning(argv);
  apps::bound_spinning(nullptr);
  CHECK(std::getenv("GOMP_SPINCOUNT") == nullptr);
}
