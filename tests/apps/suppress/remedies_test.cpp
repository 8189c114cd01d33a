#include "apps/suppress/remedies.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("remedies: each is keys that exist, with values that they accept") {
  for (const Remedy& remedy : remedies()) {
    CAPTURE(remedy.name);
    CHECK(&find_remedy(std::string(remedy.name)) == &remedy);
    Config config;
    config.model.head.hidden = 256;
    const std::vector<Assignment> settings = settings_of(remedy, config);
    CHECK(settings.size() == remedy.changes.size());
    for (const auto& [field, text, where] : settings) {
      REQUIRE(field != nullptr);
      const std::string before = field->text(config);
      field->set(config, text, where);
      CHECK(field->text(config) != before);
    }
  }
}

TEST_CASE("remedies: factors apply to what the recipe has") {
  Config config;
  config.model.head.hidden = 256;
  config.model.head.out = 48;
  config.data.augment.crops.area_min = 0.5;
  CHECK(changes_of(find_remedy("wider-head"), config) ==
        std::vector<std::string>{"model.proj_hidden = 1024", "model.proj_dim = 192"});
  CHECK(changes_of(find_remedy("stronger-crop"), config) ==
        std::vector<std::string>{"data.crop_area_min = 0.25", "data.crop_area_max = 0.5"});
}

TEST_CASE("remedies: the list says what each sets, an unknown name is told the nearest") {
  const std::string text = remedies_text();
  CHECK(text.find("ifm: implicit feature modification") != text.npos);
  CHECK(text.find("    loss.ifm_epsilon = 0.1\n") != text.npos);
  CHECK(text.find("    model.proj_dim times 4\n") != text.npos);
  CHECK(message_of<UsageError>([] { find_remedy("hard-negative"); }) ==
        "--remedy: there is no remedy 'hard-negative'; the nearest is hard-negatives; `suppress --list-remedies` shows "
        "all there are");
}
