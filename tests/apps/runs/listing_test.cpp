#include "apps/runs/listing.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

namespace {

using Form = RunsSettings::Form;
using Strings = std::vector<std::string>;

std::vector<Entry> three() {
  return {{.name = "a", .status = "finished", .values = {{"top1", "0.9123456789"}, {"optim.lr", "0.1"}}},
          {.name = "b", .status = "unfinished", .values = {{"step", "8"}, {"optim.lr", "0.2"}}},
          {.name = "c", .status = "finished", .values = {{"top1", "0.95"}, {"optim.lr", "0.1"}}}};
}

Strings names(const std::vector<Entry>& entries) {
  Strings names;
  for (const Entry& entry : entries) names.push_back(entry.name);
  return names;
}

}  // namespace

TEST_CASE("runs listing: conditions, order and number") {
  CHECK(names(chosen(three(), {})) == Strings{"a", "b", "c"});
  CHECK(names(chosen(three(), {.where = {Filter::parse("optim.lr=0.1"), Filter::parse("top1>0.93")}})) == Strings{"c"});
  CHECK(names(chosen(three(), {.sort = "top1", .descending = true})) == Strings{"c", "a", "b"});
  CHECK(names(chosen(three(), {.sort = "top1"})) == Strings{"a", "c", "b"});  // without the key: last
  CHECK(names(chosen(three(), {.sort = "top1", .descending = true, .limit = 1})) == Strings{"c"});
  CHECK(chosen(three(), {.where = {Filter::parse("loss.name=swd")}}).empty());  // a key, but of none of these
}

TEST_CASE("runs listing: a key that nothing has is refused with the nearest") {
  for (const RunsSettings& settings : {RunsSettings{.where = {Filter::parse("top2=1")}},
                                       RunsSettings{.columns = {"run", "top2"}}, RunsSettings{.sort = "top2"}}) {
    CHECK(message_of<UsageError>([&] { chosen(three(), settings); }) == "no run here has top2; the nearest is top1");
  }
}

TEST_CASE("runs listing: the usual columns as far as they are there, and those of other flags") {
  CHECK(columns_of(three(), {}) == Strings{"run", "status", "step", "top1"});
  CHECK(columns_of(three(), {.where = {Filter::parse("optim.lr>0")}, .sort = "top1"}) ==
        Strings{"run", "status", "step", "top1", "optim.lr"});
  CHECK(columns_of(three(), {.columns = {"top1"}, .sort = "optim.lr"}) == Strings{"top1"});
}

TEST_CASE("runs listing: for people, as CSV and as JSON") {
  const Strings columns{"run", "top1", "step"};
  CHECK(listing(three(), columns, Form::table) ==
        "run  top1      step\n"
        "a    0.912346\n"
        "b              8\n"
        "c    0.95\n");
  CHECK(listing(three(), columns, Form::csv) == "run,top1,step\na,0.9123456789,\nb,,8\nc,0.95,\n");
  CHECK(listing(three(), columns, Form::json) == R"({"run":"a","top1":0.9123456789,"step":null})"
                                                 "\n"
                                                 R"({"run":"b","top1":null,"step":8})"
                                                 "\n"
                                                 R"({"run":"c","top1":0.95,"step":null})"
                                                 "\n");
  const std::vector<Entry> odd{{.name = "a \"b\", c", .status = "finished", .values = {{"x", ".5"}}}};
  CHECK(listing(odd, {"run", "x"}, Form::csv) == "run,x\n\"a \"\"b\"\", c\",.5\n");
  CHECK(listing(odd, {"x"}, Form::json) == "{\"x\":\".5\"}\n");
}

TEST_CASE("runs diff: the configuration in its order, then what came of it, and only what differs") {
  Entry one = three()[0], other = three()[2];
  CHECK(differences(one, one, Form::table) == "no difference\n");
  other.values["optim.lr"] = "0.3";
  other.values["loss.name"] = "swd";
  one.values["loss.name"] = "nt-xent";
  one.values["knn"] = "0.5";
  CHECK(differences(one, other, Form::csv) ==
        "key,a,c\nloss.name,nt-xent,swd\noptim.lr,0.1,0.3\nknn,0.5,\ntop1,0.9123456789,0.95\n");
  CHECK(differences(one, other, Form::json).starts_with(R"({"key":"loss.name","run":"nt-xent","other":"swd"})"));
  CHECK(differences(one, other, Form::table).starts_with("key        a         c\n"));
}
