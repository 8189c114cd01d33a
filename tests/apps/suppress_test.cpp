// `suppress`: however it is stopped, the same command ends with the same results as an undisturbed run.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <span>

#include "engine/io/files.h"
#include "engine/io/npy.h"
#include "tests/apps/workbench.h"

using namespace tests;
using engine::read_file;

namespace {

/// Small runs: two epochs of 8 steps, with a checkpoint after each, observed at every fourth step. Later flags win.
Strings arguments(const Workbench& bench, const std::string& out, const Strings& more = {}) {
  Strings all{"--recipe",       "randbits-mnist",
              "--data",         "mnist:" + bench.data().string(),
              "--out",          (bench / out).string(),
              "--steps",        "16",
              "--every",        "4",
              "--threads",      "1",
              "--report",       "off",
              "--set",          "train.batch_size=64",
              "--set",          "run.log_every=1",
              "--probe-images", "60"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Strings with_bits(const Workbench& bench, const std::string& out, const Strings& more = {}) {
  Strings all = arguments(bench, out, {"--plant", "bits=6"});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Ended suppress(const Strings& arguments) { return Program(SUPPRESS, arguments).wait(); }

std::string refusal(int exit_code, const Strings& arguments) {
  const Ended ended = suppress(arguments);
  CHECK_MESSAGE(ended.exit_code == exit_code, ended.err);
  const std::string all = complaint(ended), pointer = " (see `suppress --help`)";
  return all.ends_with(pointer) ? all.substr(0, all.size() - pointer.size()) : all;
}

nlohmann::json results(const fs::path& out) { return nlohmann::json::parse(read_file(out / "suppress.json")); }

/// Without what depends on the place and on interruptions.
nlohmann::json lasting(const fs::path& out) {
  nlohmann::json all = results(out);
  all.erase("environment");
  for (auto& arm : all.at("arms")) {
    for (auto& run : arm.at("runs")) run.erase("seconds");
  }
  return all;
}

std::vector<std::int64_t> steps_of(const nlohmann::json& arm) {
  std::vector<std::int64_t> steps;
  for (const auto& point : arm.at("curve")) steps.push_back(point.at("step"));
  return steps;
}

/// Waits until a run has a checkpoint and no result yet.
bool wait_for_half_a_run(Program& program, const fs::path& out, const std::string& run) {
  while (program.running()) {
    if (fs::exists(out / run / "checkpoints/latest") && !fs::exists(out / run / "result.json")) return true;
    usleep(500);
  }
  return false;
}

}  // namespace

TEST_CASE("suppress: killed, stopped and rerun, every run is done once and ends with the same bytes") {
  const Workbench bench;
  const auto summary = result(suppress(with_bits(bench, "whole", {"--remedy", "ifm"})));
  const fs::path whole = bench / "whole", out = bench / "out";
  CHECK(summary.at("plant") == "bits=6");
  CHECK(summary.at("runs") == 4);
  CHECK(summary.at("verdict").is_string());
  CHECK(summary.at("best_remedy") == "ifm");

  const nlohmann::json all = results(whole);
  CHECK(all.at("labels") == "label");
  CHECK(all.at("label_sets") == nlohmann::json({"label", "bits"}));
  CHECK(all.at("runs_finished") == 4);
  for (const auto& arm : all.at("arms")) {
    CAPTURE(arm.at("name"));
    CHECK(steps_of(arm) == std::vector<std::int64_t>{0, 4, 8, 12, 16});
    const bool clean = arm.at("name") == "clean";
    for (const auto& point : arm.at("curve")) {
      CHECK(point.at("readings").contains("label"));
      CHECK(point.at("readings").contains("bits") != clean);
      CHECK(point.at("embeddings").at("same_value").is_null() == clean);
      CHECK(point.at("embeddings").at("rank") > 0);
      CHECK(point.at("loss").is_null() == (point.at("step") == 0));
    }
  }
  // The arms' networks are the same at the beginning: with their bits, planted and control show the same images.
  CHECK(all.at("arms")[1].at("curve")[0] == all.at("arms")[2].at("curve")[0]);
  CHECK(all.at("arms")[1].at("curve")[4] != all.at("arms")[2].at("curve")[4]);
  const std::string report = read_file(whole / "report.md");
  CHECK(report.find("| ifm | `loss.ifm_epsilon = 0.1` |") != report.npos);
  CHECK(report.find(all.at("verdict").at("text").get<std::string>()) != report.npos);

  for (const auto& [run, signal] : {std::pair("clean-s1", SIGKILL), std::pair("planted-s1", SIGTERM)}) {
    Program program(SUPPRESS, with_bits(bench, "out", {"--remedy", "ifm"}));
    REQUIRE(wait_for_half_a_run(program, out, run));
    program.send(signal);
    const Ended ended = program.wait();
    if (signal == SIGKILL) {
      CHECK(ended.signal == SIGKILL);
    } else {
      CHECK(ended.exit_code == 75);
      CHECK(ended.err.find("stopped by SIGTERM with 1 of 4 runs finished; the same command goes on") !=
            std::string::npos);
      CHECK(results(out).at("verdict").is_null());
    }
  }
  result(suppress(with_bits(bench, "out", {"--remedy", "ifm"})));
  CHECK(lasting(out) == lasting(whole));
  int resumed = 0;
  for (const std::string run : {"clean-s1", "planted-s1", "control-s1", "ifm-s1"}) {
    CAPTURE(run);
    CHECK(read_file(out / run / "suppress.jsonl") == read_file(whole / run / "suppress.jsonl"));
    CHECK(same_tensors(out / run, whole / run));
    CHECK(recorded(out / run) == recorded(whole / run));
    CHECK_FALSE(has_leftovers(out / run));
    resumed += read_file(out / run / "train.log").find("resumed at step ") != std::string::npos;
  }
  CHECK(resumed >= 1);

  // Observing changes nothing: a run equals one of pretrain with the same settings.
  result(Workbench::plain_pretrain(
      {"--recipe", (out / "control-s1/config.toml").string(), "--out", (bench / "plain").string(), "--report", "off"}));
  CHECK(same_tensors(bench / "plain", out / "control-s1"));

  const Ended again = suppress(with_bits(bench, "out", {"--remedy", "ifm"}));
  result(again);
  CHECK(again.err.find("4 of 4 runs are finished") != std::string::npos);
  // A further remedy is a further run; the others stay as they are.
  const auto more = result(suppress(with_bits(bench, "out", {"--remedy", "ifm", "--remedy", "wider-head"})));
  CHECK(more.at("runs") == 5);

  SUBCASE("another configuration is refused") {
    CHECK(refusal(2, with_bits(bench, "out", {"--steps", "30"}))
              .starts_with((out / "clean-s1").string() +
                           " holds a run with other settings (train.steps: 16 -> 30); choose another --out"));
    CHECK(refusal(2, with_bits(bench, "out", {"--plant", "bits=5"})) ==
          "--out " + out.string() + " holds runs with --plant bits=6 in mnist:" + bench.data().string() +
              "; choose another directory");
    CHECK(refusal(2, with_bits(bench, "out", {"--every", "5"})) ==
          "--out " + out.string() +
              " has runs with --every 4, not 5; choose another directory, or repeat the command that began it");
    CHECK(refusal(2, with_bits(bench, "out", {"--probe-images", "50"}))
              .find(" has runs with --probe-images 60, not 50; ") != std::string::npos);
    CHECK(lasting(out).at("runs") == 5);
    CHECK(refusal(2, with_bits(bench, "out/clean-s1")).find(" holds a single run or a table (it has config.toml), ") !=
          std::string::npos);
    engine::atomic_write_file(out / "suppress.json", "{}");
    CHECK(refusal(2, with_bits(bench, "out")).find("suppress.json is damaged; delete it") != std::string::npos);
  }
}

TEST_CASE("suppress: several seeds are averaged, and --every defaults to a twentieth") {
  const Workbench bench;
  Strings words = with_bits(bench, "out", {"--seeds", "2", "--steps", "4"});
  words.erase(std::find(words.begin(), words.end(), "--every"), std::find(words.begin(), words.end(), "--every") + 2);
  result(suppress(words));
  const auto all = results(bench / "out");
  CHECK(all.at("settings").at("every") == 1);
  CHECK(all.at("runs") == 6);
  const auto lines = [&](const std::string& run) {
    const std::string text = read_file(bench / "out" / run / "suppress.jsonl");
    return nlohmann::json::parse(text.substr(0, text.find('\n')));
  };
  const double one = lines("planted-s1").at("features").at("rank"),
               other = lines("planted-s2").at("features").at("rank");
  CHECK(one != other);
  CHECK(all.at("arms")[1].at("curve")[0].at("features").at("rank").get<double>() == doctest::Approx((one + other) / 2));
}

TEST_CASE("suppress: values of a file, and digits, are planted") {
  const Workbench bench;
  std::vector<std::int64_t> values;
  for (int i = 0; i < kTrainImages; ++i) values.push_back(i % 3);
  const std::string file = (bench / "scanner.npy").string();
  const auto write = [&](std::size_t count) {
    engine::save_npy(file, {.type = engine::StoredType::i64,
                            .shape = {static_cast<std::int64_t>(count)},
                            .bytes = std::as_bytes(std::span(values).first(count))});
  };
  write(values.size());
  const Strings few{"--steps", "2", "--every", "2"};
  const auto with_few = [&](Strings more) {
    more.insert(more.end(), few.begin(), few.end());
    return more;
  };
  result(suppress(arguments(bench, "values", with_few({"--plant", file}))));
  CHECK(results(bench / "values").at("label_sets") == nlohmann::json({"label", "planted"}));
  CHECK(results(bench / "values").at("arms")[1].at("curve")[1].at("features").at("same_value").is_number());
  write(values.size() - 1);
  CHECK(refusal(3, arguments(bench, "short", with_few({"--plant", file})))
            .starts_with("planted: " + file + " holds " + std::to_string(kTrainImages - 1) + " values, and there are " +
                         std::to_string(kTrainImages) + " training images in mnist:"));
  engine::save_npy(file, {.type = engine::StoredType::f32, .shape = {1}, .bytes = std::as_bytes(std::span("abc", 4))});
  CHECK(refusal(3, arguments(bench, "floats", with_few({"--plant", file}))) ==
        "planted: " + file + " must hold whole numbers [N], got float32 of rank 1");
  CHECK(refusal(3, arguments(bench, "none", with_few({"--plant", "none.npy"}))) ==
        "planted: there is no file none.npy; expected one of whole numbers [N], as numpy.save writes it");

  const std::string digit = "digit=mnist:" + bench.data().string() + ", digit_size=7";
  result(suppress(arguments(bench, "digits", with_few({"--plant", digit}))));
  const auto digits = results(bench / "digits");
  CHECK(digits.at("label_sets") == nlohmann::json({"label", "digit"}));
  CHECK(digits.at("arms")[0].at("data") == "mnist:" + bench.data().string());
  CHECK(digits.at("arms")[2].at("curve")[1].at("features").at("same_value").is_number());
  CHECK(digits.at("arms")[1].at("curve")[1].at("loss") != digits.at("arms")[2].at("curve")[1].at("loss"));
}

TEST_CASE("suppress: images without labels, or of one class, are judged by the planted feature and the cosines") {
  const Workbench bench;
  for (const std::string classes : {"0", "1"}) {
    CAPTURE(classes);
    const std::string out = "classes" + classes;
    const auto summary = result(suppress(with_bits(
        bench, out,
        {"--data", "blank(examples=128, test_examples=64, height=28, width=28, channels=1, classes=" + classes + ")",
         "--steps", "2", "--every", "1"})));
    CHECK(summary.at("text").get<std::string>().find("label") == std::string::npos);
    const auto all = results(bench / out);
    CHECK(all.at("labels").is_null());
    CHECK(all.at("label_sets") == nlohmann::json({"bits"}));
    const bool told = read_file(bench / out / "planted-s1/train.log")
                          .find("not probed: label: the images that are shown have one class") != std::string::npos;
    CHECK(told == (classes == "1"));
  }
}

TEST_CASE("suppress: bad input is refused in one sentence") {
  const Workbench bench;
  CHECK(refusal(2, arguments(bench, "out")) ==
        "say what to plant, as in suppress --data mnist:DIR --plant bits=10, or what to read, as in suppress --table "
        "DIR; --help shows what there is");
  CHECK(refusal(2, arguments(bench, "out", {"--plant", "colour"})) ==
        "--plant must be bits=N, digit, digit=SOURCE or FILE.npy, got 'colour'");
  CHECK(refusal(2, arguments(bench, "out", {"--plant", "bits=65"})) ==
        "--plant bits must be a whole number from 1 to 64, got '65'");
  CHECK(refusal(2, with_bits(bench, "out", {"--data", "randbit(digits:, bits=5)"})) ==
        "--plant bits=6: digits: (test, 10000 drawn images) + 5 random bits per image has 5 bits already; plant in "
        "images without bits");
  CHECK(refusal(2, with_bits(bench, "out", {"--remedy", "ifn"}))
            .starts_with("--remedy: there is no remedy 'ifn'; the nearest is ifm;"));
  CHECK(refusal(2, with_bits(bench, "out", {"--seed", "3"})).find("--seed") != std::string::npos);
  CHECK(refusal(3, arguments(bench, "out", {"--plant", "digit=digits:, digit_size=20"}))
            .starts_with("overlay: digits of 20 "));
  CHECK(refusal(3, with_bits(bench, "out", {"--data", "mnist:/none"})).find("/none") != std::string::npos);
  engine::atomic_write_file(bench / "file", "text");
  CHECK(refusal(2, with_bits(bench, "file")) == "--out " + (bench / "file").string() + " is a file, not a directory");
  CHECK_FALSE(fs::exists(bench / "out"));
}

TEST_CASE("suppress: a run whose numbers become infinite is told at the end, and the others are finished") {
  const Workbench bench;
  const Ended ended = suppress(with_bits(bench, "out", {"--lr", "1e30", "--steps", "6"}));
  CHECK(ended.exit_code == 4);
  CHECK(ended.err.find("3 of the runs failed and the others are finished: clean-s1 (numbers became infinite or NaN in "
                       "step ") != std::string::npos);
  const auto all = results(bench / "out");
  CHECK(all.at("runs_failed") == 3);
  CHECK(all.at("verdict").is_null());
  CHECK(read_file(bench / "out/report.md").find("**Failed. These runs would fail again") != std::string::npos);
}

TEST_CASE("suppress: lists its remedies") {
  const Ended ended = suppress({"--list-remedies"});
  CHECK(ended.exit_code == 0);
  CHECK(ended.out.find("temperature-schedule: ") != std::string::npos);
}
