#include "apps/settings/table.h"

#include <doctest/doctest.h>

#include "tests/engine/io/message_of.h"

using namespace apps;

namespace table_test {

enum class Shape { round, square };

struct Paint {
  double gloss = 0.5;
};

struct Settings {
  Shape shape = Shape::round;
  bool hollow = false;
  int corners = 0;
  float width = 1, same_width = 1;
  Paint paint;
};

}  // namespace table_test

template <>
inline constexpr std::array engine::kNames<table_test::Shape> = {"round", "square"};

using namespace table_test;

namespace {

const Table<Paint>& paint_table() {
  static const Table<Paint> table = {
      {{.key = "gloss", .value = MEMBER(gloss), .help = "how much shines", .range = between(0, 1)}}};
  return table;
}

const Table<Settings>& table() {
  const Condition squares = when("part.shape", {"square"});
  static const Table<Settings> all = {
      {{.key = "part.shape", .value = MEMBER(shape), .flag = "--shape", .help = "of the part"},
       {.key = "part.hollow", .value = MEMBER(hollow), .help = "empty inside"},
       {.key = "part.corners",
        .value = MEMBER(corners),
        .help = "that are cut",
        .range = between(0, 4),
        .on_resume = OnResume::grow,
        .only_with = squares && when("part.hollow", {"off"})}},
      {{.key = "size.width", .value = {MEMBER(width), MEMBER(same_width)}, .help = "in mm", .range = above(0)},
       {.key = "paint.gloss",
        .value = {paint_table().find("gloss")->value, &Settings::paint},
        .help = "how much shines",
        .range = between(0, 1),
        .on_resume = OnResume::change}}};
  return all;
}

Settings with(std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
  Settings settings;
  for (const auto& [key, text] : keys) table().find(key)->set(settings, text, key);
  return settings;
}

}  // namespace

TEST_CASE("table: text reaches the member, through the member of a part and each of several that are the same") {
  const Settings settings = with({{"part.shape", "square"}, {"size.width", "2.5"}, {"paint.gloss", "0.25"}});
  CHECK(settings.shape == Shape::square);
  CHECK(settings.width == 2.5f);
  CHECK(settings.same_width == 2.5f);
  CHECK(settings.paint.gloss == 0.25);
  CHECK(table().find("part.shape")->text(settings) == "square");
  CHECK(table().find("paint.gloss")->text(settings) == "0.25");
  CHECK(table().find("part.colour") == nullptr);
  CHECK(table().nearest("shap") == "part.shape");
}

TEST_CASE("table: what a field does not accept is refused in one sentence and changes nothing") {
  Settings settings;
  const auto refusal = [&](std::string_view key, std::string_view text) {
    return message_of<UsageError>([&] { table().find(key)->set(settings, text, "--flag"); });
  };
  CHECK(refusal("part.shape", "oval") == "--flag must be one of round, square, got 'oval'");
  CHECK(refusal("part.corners", "5") == "--flag must be a whole number from 0 to 4, got '5'");
  CHECK(refusal("size.width", "0") == "--flag must be a number above 0, got '0'");
  CHECK(refusal("paint.gloss", "2") == "--flag must be a number from 0 to 1, got '2'");
  CHECK(settings.same_width == 1);
  CHECK(settings.paint.gloss == 0.5);
}

TEST_CASE("table: a condition holds when all of its keys have their values") {
  const auto refusal = [](const Settings& settings) {
    return message_of<UsageError>([&] { table().check_conditions(settings); });
  };
  CHECK_NOTHROW(table().check_conditions({}));
  CHECK_NOTHROW(table().check_conditions(with({{"part.shape", "square"}, {"part.corners", "2"}})));
  CHECK(refusal(with({{"part.corners", "2"}})) ==
        "part.corners = 2 has no effect while part.shape is round: keep its default 0, or set part.shape to square");
  CHECK(refusal(with({{"part.shape", "square"}, {"part.hollow", "on"}, {"part.corners", "2"}})) ==
        "part.corners = 2 has no effect while part.hollow is on: keep its default 0, or set part.hollow to off");
}

TEST_CASE("table: Markdown has a row for each field") {
  CHECK(
      table().markdown() ==
      "| key | flag | default | accepts | on resume | meaning |\n|---|---|---|---|---|---|\n"
      "| `part.shape` | `--shape` | `round` | one of round, square | fixed | of the part |\n"
      "| `part.hollow` |  | `off` | on or off | fixed | empty inside |\n"
      "| `part.corners` |  | `0` | a whole number from 0 to 4 | may grow | with `part.shape` square and `part.hollow` "
      "off: that are cut |\n"
      "| `size.width` |  | `1` | a number above 0 | fixed | in mm |\n"
      "| `paint.gloss` |  | `0.5` | a number from 0 to 1 | may change | how much shines |\n");
}
