#include "apps/runs/filter.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("runs filter: numbers by size, texts by letters, and nothing of what is not there") {
  const Entry entry{.name = "a/b", .status = "finished", .values = {{"optim.lr", "0.1"}, {"loss.name", "nt-xent"}}};
  for (const char* holds :
       {"optim.lr=0.1", "optim.lr=1e-1", "optim.lr!=0.2", "optim.lr<0.2", "optim.lr<=0.1", "optim.lr>=0.1",
        "optim.lr>0.05", "loss.name=nt-xent", "loss.name!=swd", "run=a/b", "status=finished"}) {
    CAPTURE(holds);
    CHECK(Filter::parse(holds).holds(entry));
  }
  for (const char* fails : {"optim.lr=0.11", "optim.lr!=0.10", "optim.lr<0.1", "optim.lr>0.1", "optim.lr<=0.09",
                            "loss.name=nt", "none=1", "none!=1"}) {
    CAPTURE(fails);
    CHECK_FALSE(Filter::parse(fails).holds(entry));
  }
}

TEST_CASE("runs filter: another form is refused") {
  for (const std::string text : {"optim.lr", "=0.1", "", "a!b"}) {
    CAPTURE(text);
    CHECK(message_of<UsageError>([&] { Filter::parse(text); }) ==
          "--where must be KEY=VALUE, or another of =, !=, <, <=, >, >= between them, as in optim.lr=0.1, got '" +
              text + "'");
  }
}

TEST_CASE("runs filter: only what is wholly a finite number is one") {
  CHECK(number_of("1e-3") == 1e-3);
  for (const char* text : {"", "1x", "inf", "nan", "0.1,0.2", " 1"}) CHECK_FALSE(number_of(text));
  CHECK(compare("9", "10") < 0);
  CHECK(compare("9", "auto") < 0);
  CHECK(compare("b", "a") > 0);
}
