// `pretrain` and `lineval` on compositions of sources.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "data/contact_sheet.h"
#include "engine/io/files.h"
#include "tests/apps/growing_images.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

std::string canvases(const Workbench& bench, const std::string& more = {}) {
  return "multidigits(mnist:" + bench.data().string() + ", canvas=40" + more + ")";
}

/// A directory of small grey pictures, `per_class` in each of two classes, in two splits.
void write_pictures(const fs::path& directory, int per_class) {
  for (const char* split : {"train", "val"}) {
    for (const char* name : {"cat", "dog"}) {
      fs::create_directories(directory / split / name);
      for (int i = 0; i < per_class; ++i) {
        std::vector<std::uint8_t> pixels(30 * 24);
        for (std::size_t k = 0; k < pixels.size(); ++k)
          pixels[k] =
              static_cast<std::uint8_t>(k * static_cast<std::size_t>(i + 3) + (name[0] == 'c' ? 0 : k / 24 * 9));
        data::write_png(directory / split / name / (std::to_string(i) + ".png"), {30, 24, 1}, pixels);
      }
    }
  }
}

/// Runs on these data with 1 and 16 workers, and stopped and resumed.
void check_repeats(const Workbench& bench, const Strings& data) {
  const auto with = [&](Strings more) {
    more.insert(more.begin(), data.begin(), data.end());
    return more;
  };
  result(bench.pretrain("one", with({"--workers", "1"})));
  result(bench.pretrain("many", with({"--workers", "16"})));
  CHECK(same_tensors(bench / "one", bench / "many"));
  const Strings resumable = with({"--resume", "auto", "--ckpt-every", "1"});
  Program program(PRETRAIN, bench.arguments("stopped", resumable));
  while (program.running() && !fs::exists(bench / "stopped/metrics.jsonl")) usleep(1000);
  program.send(SIGINT);
  program.wait();
  result(bench.pretrain("stopped", resumable));
  CHECK(same_tensors(bench / "one", bench / "stopped"));
}

}  // namespace

TEST_CASE("pretrain: on a composition, workers, a stop and a resume change no byte") {
  const Workbench bench;
  check_repeats(bench,
                {"--data", "randbit(" + canvases(bench, ", digits=3") + ", bits=4, redraw=view)", "--epochs", "2"});
}

TEST_CASE("pretrain: nor do they on images that differ in size, with all of SimCLR's augmentation") {
  const Workbench bench;
  write_growing_images(bench / "images", 24);
  check_repeats(bench, {"--data", "folder:" + (bench / "images").string(), "--augment", "simclr", "--image-size", "40",
                        "--batch-size", "8", "--epochs", "4"});
  result(
      bench.pretrain("other", {"--data", "folder:" + (bench / "images").string(), "--augment", "simclr", "--image-size",
                               "40", "--batch-size", "8", "--set", "augment.jitter=0", "--epochs", "4"}));
  CHECK(!same_tensors(bench / "one", bench / "other"));
  const auto record = metrics(bench / "one").front();
  for (const char* rate : {"decoded_per_s", "augmented_per_s"}) CHECK(record.at(rate).get<double>() > 0);
  const auto evaluated = result(bench.lineval({(bench / "one").string(), "--epochs", "2", "--batch-size", "8"}));
  CHECK(evaluated.at("top1").get<double>() >= 0);
}

TEST_CASE("lineval --redraw: each epoch shows other canvases, nearest neighbours and the test set stay as they are") {
  const Workbench bench;
  result(bench.pretrain("run", {"--data", canvases(bench), "--epochs", "1"}));
  result(bench.pretrain("twin", {"--data", canvases(bench), "--epochs", "1", "--workers", "5"}));
  const auto evaluate = [&](const std::string& run, const std::string& features, const Strings& more = {}) {
    Strings arguments{(bench / run).string(),
                      "--epochs",
                      "4",
                      "--batch-size",
                      "64",
                      "--learning-rates",
                      "0.1,1",
                      "--save-features",
                      (bench / features).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench.lineval(arguments);
  };
  const auto once = result(evaluate("run", "once"));
  const Ended ended = evaluate("run", "anew", {"--redraw", "on"});
  const auto anew = result(ended);
  CHECK(once.at("redraw") == false);
  CHECK(anew.at("redraw") == true);
  CHECK(anew.at("knn") == once.at("knn"));
  for (const char* file : {"train_features.npy", "train_labels.npy", "test_features.npy", "test_labels.npy"})
    CHECK(engine::read_file(bench / "once" / file) == engine::read_file(bench / "anew" / file));
  const auto head = [&](const std::string& run, const std::string& number = {}) {
    return engine::read_file(bench / run / "eval" / ("linear_head" + number + ".safetensors"));
  };
  CHECK(head("run") != head("run", ".1"));
  const auto full = nlohmann::json::parse(engine::read_file(bench / "run/eval/lineval.json"));
  CHECK(full.at("redraw") == true);
  CHECK(full.at("protocol").get<std::string>().find("drawn anew in each epoch") != std::string::npos);
  CHECK(ended.err.find("lineval, drawn anew 2048/2048 images  100%") != std::string::npos);
  CHECK(result(evaluate("twin", "workers", {"--redraw", "on"})).at("top1") == anew.at("top1"));
  CHECK(head("twin") == head("run"));

  SUBCASE("data that do not change are computed once") {
    const std::string plain = "mnist:" + bench.data().string();
    result(bench.pretrain("plain", {"--data", plain, "--epochs", "1"}));
    const Ended same = evaluate("plain", "anew", {"--redraw", "on"});
    const auto on = result(same);
    CHECK(on.at("redraw") == false);
    CHECK(on == result(evaluate("plain", "once")));
    CHECK(head("plain") == head("plain", ".1"));
    CHECK(same.err.find("drawn anew") == std::string::npos);
  }
  SUBCASE("a signal ends it while features are computed, and nothing is stored") {
    Strings arguments{(bench / "twin").string(), "--epochs", "1000000", "--batch-size", "64", "--redraw", "on"};
    Program program(LINEVAL, arguments);
    while (program.running() && program.err().find("nearest neighbours 128/128") == std::string::npos) usleep(1000);
    usleep(300'000);  // well into the epochs
    REQUIRE(program.running());
    program.send(SIGTERM);
    const Ended stopped = program.wait();
    CHECK(stopped.exit_code == 75);
    CHECK(stopped.out.empty());
    CHECK_FALSE(fs::exists(bench / "twin/eval/lineval.1.json"));
  }
}

TEST_CASE("pretrain: probes see one digit where the network sees several, and further label sets are probed") {
  const Workbench bench;
  const Strings data{"--data", "randbit(" + canvases(bench, ", second_size=30, probe=second") + ", bits=2)"};
  Strings arguments = data;
  arguments.insert(arguments.end(), {"--probe-labels", "bits,second_digit"});
  const auto json = result(bench.pretrain("run", arguments));
  CHECK(json.contains("probe_test_accuracy"));
  CHECK(json.contains("test_probe_bits_acc"));
  CHECK(json.contains("test_probe_second_digit_acc"));
  const Ended first =
      bench.pretrain("other", {"--data", canvases(bench, ", second_size=30"), "--probe-labels", "second_digit"});
  CHECK(first.exit_code == 2);
  CHECK(complaint(first).starts_with("model.probe_labels must be a label set of "));
  const auto evaluated = result(Workbench::lineval(
      {(bench / "run").string(), "--labels", "second_digit", "--batch-size", "64", "--epochs", "2"}));
  CHECK(evaluated["labels"] == "second_digit");
  CHECK(fs::exists(bench / "run/eval/second_digit/lineval.json"));
  const Ended bits = Workbench::lineval({(bench / "run").string(), "--labels", "bits", "--batch-size", "64"});
  CHECK(bits.exit_code == 2);
  CHECK(complaint(bits) ==
        "--labels bits: an example has 2 of these labels, and a linear evaluation needs one; name another set (see "
        "`lineval --help`)");
}

TEST_CASE("pretrain: a folder of images, labels or not, and what cannot be read stops the run or is counted") {
  const Workbench bench;
  const fs::path folder = bench / "my pictures, new";
  write_pictures(folder, 20);
  const std::string source = "resize(folder:\"" + folder.string() + "\", size=24)";
  const Strings small{"--batch-size", "8", "--steps", "6", "--epochs", "0"};
  const auto run = [&](const std::string& name, const std::string& expression, Strings more = {}) {
    more.insert(more.begin(), {"--data", expression});
    more.insert(more.end(), small.begin(), small.end());
    return bench.pretrain(name, more);
  };
  CHECK(result(run("labelled", source))["probe_test_accuracy"].is_number());
  const auto unlabelled = result(run("unlabelled", "resize(folder(\"" + folder.string() + "\", labels=off), size=24)"));
  CHECK(unlabelled["probe_test_accuracy"].is_null());
  CHECK_FALSE(fs::exists(bench / "unlabelled/export/linear_head.safetensors"));
  CHECK(fs::exists(bench / "unlabelled/export/backbone.safetensors"));

  const Ended mixed = run("mixed", "folder:" + (bench / "none").string());
  CHECK(mixed.exit_code == 3);
  CHECK(complaint(mixed).find("none") != std::string::npos);
  std::ofstream(folder / "train/cat/3.png", std::ios::trunc) << "no picture";
  const Ended bad = run("bad", source);
  CHECK(bad.exit_code == 3);
  CHECK(complaint(bad).find("train/cat/3.png") != std::string::npos);
  const auto skipped = result(run("skipped", source, {"--skip-bad", "on"}));
  CHECK(skipped["skipped_images"] == 1);
  const std::string log = engine::read_file(bench / "skipped/train.log");
  CHECK(log.find("1 image could not be read and was replaced: ") != std::string::npos);

  const std::string views = (bench / "views.png").string();
  const Strings draw{"--data", source, "--steps", "1", "--dump-views", "40", views};
  CHECK(Workbench::plain_pretrain(draw).exit_code == 3);
  Strings draw_skipping = draw;
  draw_skipping.insert(draw_skipping.end(), {"--skip-bad", "on"});
  const Ended drawn = Workbench::plain_pretrain(draw_skipping);
  CHECK(drawn.exit_code == 0);
  CHECK(drawn.err.find("1 image could not be read and was replaced: ") != std::string::npos);

  const std::string labelled = (bench / "labelled").string();
  CHECK(Workbench::lineval({labelled, "--data", source, "--batch-size", "4", "--epochs", "1"}).exit_code == 3);
  const Ended evaluated =
      Workbench::lineval({labelled, "--data", source, "--batch-size", "4", "--epochs", "1", "--skip-bad", "on"});
  CHECK(evaluated.exit_code == 0);
  CHECK(evaluated.err.find("1 image could not be read and was replaced: ") != std::string::npos);
}

TEST_CASE("pretrain: with the last batch filled, an epoch is a step longer") {
  const Workbench bench;
  const Strings uneven{"--batch-size", "100", "--epochs", "2"};  // of 512 images
  CHECK(result(bench.pretrain("dropped", uneven))["step"] == 10);
  Strings filled = uneven;
  filled.insert(filled.end(), {"--set", "train.fill_last_batch=on"});
  CHECK(result(bench.pretrain("filled", filled))["step"] == 12);
}

TEST_CASE("pretrain: --list-sources names the kinds, and --dump-views draws every kind with its captions") {
  const Workbench bench;
  const Ended list = Workbench::plain_pretrain({"--list-sources"});
  CHECK(list.exit_code == 0);
  CHECK(list.out.find("multidigits(SOURCE)") != std::string::npos);
  const std::string digits = "mnist:" + bench.data().string();
  for (const std::string& source :
       {canvases(bench), "randbit(" + digits + ", bits=3, redraw=view)",
        std::string("trifeature(size=32, texture_period=4)"), "overlay(trifeature(size=64), digits=" + digits + ")"}) {
    CAPTURE(source);
    const fs::path png = bench / "views.png";
    const Ended drawn =
        Workbench::plain_pretrain({"--data", source, "--steps", "1", "--dump-views", "2", png.string()});
    CHECK(drawn.exit_code == 0);
    CHECK(fs::exists(png));
    fs::remove(png);
  }
}
