#include "apps/suppress/arms.h"
#include "apps/train/begun_run.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "engine/io/files.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using namespace apps;

namespace {

Assignment set(const std::string& text) { return read_set(text); }

SuppressRequest request(const std::vector<std::string>& settings = {}, const std::string& plant = "bits=12") {
  SuppressRequest request{.plant = plant, .out = "out"};
  for (const char* text : {"train.steps=10", "model.arch=convn", "data.crop_area_min=0.5"})
    request.layers.recipe.push_back(set(text));
  for (const std::string& text : settings) request.layers.set.push_back(set(text));
  return request;
}

Config config_of(const ArmRun& run) { return with_layers(Config{}, run.run.layers); }

std::string refusal(const SuppressRequest& request) {
  return message_of<UsageError>([&] { const ArmTable table(request); });
}

}  // namespace

TEST_CASE("arms: three of one recipe that differ in the images alone, then remedies, seed by seed") {
  SuppressRequest asked = request();
  asked.seeds = 2;
  asked.remedies = {"ifm", "wider-head", "ifm"};
  const ArmTable table(asked);
  std::vector<std::string> names;
  for (const ArmRun& run : table.runs) names.push_back(run.name);
  CHECK(names == std::vector<std::string>{"clean-s1", "planted-s1", "control-s1", "clean-s2", "planted-s2",
                                          "control-s2", "ifm-s1", "wider-head-s1", "ifm-s2", "wider-head-s2"});
  CHECK(table.images == "digits:");
  const Config clean = config_of(table.runs[0]), planted = config_of(table.runs[1]), control = config_of(table.runs[2]);
  CHECK(clean.data.source == "randbit(digits:, bits=12, blank=on)");
  CHECK(planted.data.source == "randbit(digits:, bits=12)");
  CHECK(control.data.source == "randbit(digits:, bits=12, redraw=view)");
  Config same = clean;
  same.data.source = planted.data.source;
  CHECK(same == planted);
  CHECK(config_of(table.runs[3]).train.seed == 2);
  Config remedied = config_of(table.runs[6]);
  CHECK(remedied.data.source == planted.data.source);
  CHECK(remedied.loss.ifm_epsilon == doctest::Approx(0.1));
  remedied.loss.ifm_epsilon = 0;
  CHECK(remedied == planted);
  CHECK(table.runs[1].run.out == "out/planted-s1");
}

TEST_CASE("arms: what the recipe cannot have is refused in one sentence") {
  CHECK(refusal(request({"train.seed=3"})) ==
        "--set train.seed: suppress sets the seed of each run itself; --seeds N says how many");
  CHECK(refusal(request({"data.bits=3"})) ==
        "data.bits = 3: the images would have bits already, and --plant bits=12 adds its own; leave one of them out");
  CHECK(refusal(request({"data.source=randbit(digits:, bits=5)"})) ==
        "--plant bits=12: digits: (test, 10000 drawn images) + 5 random bits per image has 5 bits already; plant in "
        "images without bits");
  SuppressRequest with_remedy = request();
  with_remedy.remedies = {"sigregg"};
  CHECK(refusal(with_remedy).starts_with("--remedy: there is no remedy 'sigregg'; the nearest is sigreg; "));
  with_remedy = request({"loss.name=swd"});
  with_remedy.remedies = {"ifm"};
  const std::string unfit = refusal(with_remedy);
  CHECK(unfit.starts_with("--remedy ifm does not fit this recipe: loss.ifm_epsilon = 0.1 "));
  CHECK(unfit.find('\n') == unfit.npos);
  with_remedy = request({"loss.name=sigreg"});
  with_remedy.remedies = {"sigreg"};
  CHECK(refusal(with_remedy) == "--remedy sigreg changes nothing of this recipe, which has loss.name = sigreg already");
}

TEST_CASE("arms: a digit can be planted in images with bits") {
  const ArmTable table(request({"data.source=randbit(resize(digits:, size=64), bits=2)"}, "digit"));
  CHECK(config_of(table.runs[0]).data.source == "randbit(resize(digits:, size=64), bits=2)");
}

TEST_CASE("arms: a directory with a run of other settings is refused, with what differs") {
  const ScratchDirectory scratch;
  SuppressRequest asked = request();
  asked.out = scratch.path();
  const ArmTable table(asked);
  check_same_settings(table.runs[1].run, true);
  engine::create_directories(scratch / "planted-s1");
  engine::atomic_write_file(scratch / "planted-s1/config.toml", to_toml(config_of(table.runs[1])));
  check_same_settings(table.runs[1].run, true);
  asked.layers.set.push_back(set("train.steps=11"));
  asked.layers.set.push_back(set("run.log_every=3"));
  const ArmTable other(asked);
  CHECK(message_of<UsageError>([&] { check_same_settings(other.runs[1].run, true); }) ==
        (scratch / "planted-s1").string() +
            " holds a run with other settings (train.steps: 10 -> 11); choose another --out, or repeat the command "
            "that began it");
  CHECK(run_standing(table.runs[0].run.out, 10).step == 0);
  CHECK_FALSE(run_standing(table.runs[0].run.out, 10).trained);
}
