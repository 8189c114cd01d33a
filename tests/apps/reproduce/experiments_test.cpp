#include "apps/reproduce/experiments.h"

#include <doctest/doctest.h>

#include <set>

#include "apps/config/fields.h"
#include "apps/run/exit_code.h"
#include "apps/run/recipes.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("experiments: each has a recipe of its name, keys that exist, and a full table of fractions") {
  for (const Experiment& experiment : experiments()) {
    CAPTURE(experiment.name);
    CHECK_NOTHROW(read_recipe(std::string(experiment.name)));
    CHECK(experiment.figures.size() == experiment.rows.values.size() * experiment.columns.values.size());
    for (const double figure : experiment.figures) CHECK((figure > 0 && figure <= 1));
    for (const Axis* axis : {&experiment.rows, &experiment.columns}) {
      const ConfigField* field = config_table().find(axis->key);
      REQUIRE(field != nullptr);
      std::set<std::string_view> names;
      for (const Axis::Value& value : axis->values) {
        Config config;
        CHECK_NOTHROW(field->set(config, value.text, "axis"));
        CHECK(names.insert(value.name).second);
      }
    }
    CHECK(experiments_text().find(std::string(experiment.name) + "\n") != std::string::npos);
  }
}

TEST_CASE("experiments: the notebook's figures are where the notebook has them") {
  const Experiment& experiment = find_experiment("randbits-mnist");
  CHECK(experiment.rows.values[0].text == "0.05");
  CHECK(experiment.columns.values[2].text == "10");
  CHECK(experiment.figure_at(0, 2) == 0.3299);
  CHECK(experiment.figure_at(2, 1) == 0.3299);
  CHECK(experiment.figure_at(1, 0) == 0.8916);
  CHECK(experiment.figure_at(2, 4) == 0.0989);
  CHECK(message_of<UsageError>([] { find_experiment("rand-bits"); }) ==
        "there is no experiment 'rand-bits'; the nearest is randbits-mnist");
}
