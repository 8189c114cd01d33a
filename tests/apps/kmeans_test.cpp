// `kmeans` as a user starts it: what it finds and stores, whatever the features are of, and what it refuses.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <thread>

#include "engine/io/files.h"
#include "engine/io/npy.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/image_tree.h"

using namespace tests;

namespace {

Ended kmeans(const Strings& arguments, const Program::Options& options = {}) {
  Strings all = arguments;
  all.insert(all.end(), {"--threads", "1"});
  return Program(KMEANS, all, options).wait();
}

/// The values of a .npy file, and its shape.
template <class T>
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<T> values;
};
template <class T>
Array<T> array(const fs::path& path) {
  const engine::NpyFile file(path);
  Array<T> result{.shape = file.array().shape, .values = std::vector<T>(file.array().bytes.size() / sizeof(T))};
  std::memcpy(result.values.data(), file.array().bytes.data(), file.array().bytes.size());
  return result;
}

void save(const fs::path& path, const std::vector<std::int64_t>& shape, const std::vector<std::uint8_t>& values) {
  engine::save_npy(path, {.type = engine::StoredType::u8, .shape = shape, .bytes = std::as_bytes(std::span(values))});
}

nlohmann::json stored(const fs::path& results) {
  return nlohmann::json::parse(engine::read_file(results / "kmeans.json"));
}

/// Three images of 32 x 32 with a disc on a background, as npy:DIR, and the masks.
struct Discs {
  static constexpr int kImages = 3, kSide = 32;

  explicit Discs(const fs::path& directory) {
    fs::create_directories(directory);
    std::vector<std::uint8_t> pixels, masks, labels;
    for (int i = 0; i < kImages; ++i) {
      labels.push_back(static_cast<std::uint8_t>(i % 2));
      for (int y = 0; y < kSide; ++y) {
        for (int x = 0; x < kSide; ++x) {
          const bool inside = (x - 12 - 4 * i) * (x - 12 - 4 * i) + (y - 16) * (y - 16) < 64;
          masks.push_back(inside ? 7 : 3);
          for (const int value : {inside ? 200 : 20, inside ? 40 : 90, 10 * i})
            pixels.push_back(static_cast<std::uint8_t>(value));
        }
      }
    }
    for (const char* split : {"train", "test"}) {
      save(directory / (std::string(split) + "_images.npy"), {kImages, kSide, kSide, 3}, pixels);
      save(directory / (std::string(split) + "_labels.npy"), {kImages}, labels);
    }
    save(directory / "masks.npy", {kImages, kSide, kSide}, masks);
  }
};

/// Waits until the program has stored something beside its results.
Program& begun(Program& program, const fs::path& parent) {
  const auto has_pictures = [&] {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent, ignored))
      if (entry.path().extension() == ".tmp" && !fs::is_empty(entry.path() / "images", ignored) && !ignored)
        return true;
    return false;
  };
  while (program.running() && !has_pictures()) usleep(1000);
  return program;
}

}  // namespace

TEST_CASE("kmeans: a run's activations, all from one pass, and the same bytes again") {
  const Workbench bench;
  result(bench.pretrain("run", {"--plans", "off", "--steps", "2", "--epochs", "0"}));
  const fs::path run = bench / "run", out = run / "kmeans";
  const Strings arguments{run.string(), "--tap", "conv1,conv3", "--k", "2,3", "--images", "4", "--first", "2"};
  Strings saving = arguments;
  saving.insert(saving.end(), {"--save-features", (bench / "features").string()});
  const auto line = result(kmeans(saving));
  CHECK(line.at("out") == out.string());
  CHECK(line.at("images") == 4);
  CHECK(names(out) == Strings{"images", "index.html", "kmeans.json", "labels", "sheet.png"});
  CHECK(names(out / "labels") == Strings{"conv1-k2.npy", "conv1-k3.npy", "conv3-k2.npy", "conv3-k3.npy"});
  CHECK(names(out / "images").size() == 4 * (1 + 2 * 4));

  const auto features = array<float>(bench / "features/conv1.npy");
  const auto labels = array<std::int32_t>(out / "labels/conv1-k3.npy");
  CHECK(features.shape == std::vector<std::int64_t>{4, 13, 13, 32});
  CHECK(labels.shape == std::vector<std::int64_t>{4, 13, 13});
  const auto json = stored(out);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& found = json.at("images")[i].at("clusterings")[1];
    CHECK(json.at("images")[i].at("example") == i + 2);
    CHECK(found.at("tap") == "conv1");
    CHECK(found.at("k") == 3);
    // The inertia is that of unit rows in these clusters, by the definition.
    double inertia = 0;
    std::vector<std::int64_t> sizes(3);
    for (std::int32_t cluster = 0; cluster < 3; ++cluster) {
      std::vector<double> mean(32);
      std::vector<std::size_t> members;
      for (std::size_t place = 169 * i; place < 169 * (i + 1); ++place)
        if (labels.values[place] == cluster) members.push_back(place);
      sizes[static_cast<std::size_t>(cluster)] = static_cast<std::int64_t>(members.size());
      const auto value = [&](std::size_t place, std::size_t c) {
        return static_cast<double>(features.values[32 * place + c]);
      };
      for (std::size_t c = 0; c < 32; ++c) {
        for (const std::size_t place : members) mean[c] += value(place, c) / static_cast<double>(members.size());
        for (const std::size_t place : members) inertia += (value(place, c) - mean[c]) * (value(place, c) - mean[c]);
      }
    }
    CHECK(found.at("sizes") == sizes);
    CHECK(found.at("inertia").get<double>() == doctest::Approx(inertia).epsilon(1e-5));
  }
  double square = 0;
  for (std::size_t c = 0; c < 32; ++c) square += std::pow(static_cast<double>(features.values[c]), 2);
  CHECK(square == doctest::Approx(1));

  // Whatever other images and activations are looked at, an image gives the same; earlier results are replaced.
  const auto before = engine::read_file(out / "kmeans.json"), sheet = engine::read_file(out / "sheet.png"),
             page = engine::read_file(out / "index.html");
  result(kmeans(arguments));
  CHECK(engine::read_file(out / "kmeans.json") == before);
  CHECK(engine::read_file(out / "sheet.png") == sheet);
  CHECK(engine::read_file(out / "index.html") == page);
  result(kmeans({run.string(), "--tap", "conv1", "--k", "3", "--images", "1", "--first", "4"}));
  CHECK(names(out / "labels") == Strings{"conv1-k3.npy"});
  const auto alone = array<std::int32_t>(out / "labels/conv1-k3.npy");
  CHECK(std::equal(alone.values.begin(), alone.values.end(), labels.values.begin() + 2 * 169));

  // The exported weights are the same network.
  const fs::path backbone = run / "export/backbone.safetensors";
  const auto of_file = result(kmeans({"--weights", backbone.string(), "--data", "mnist:" + bench.data().string(),
                                      "--tap", "conv1,conv3", "--k", "2,3", "--images", "4", "--first", "2"}));
  CHECK(of_file.at("out") == (run / "export/backbone-kmeans").string());
  CHECK(of_file.at("figures") == line.at("figures"));
  CHECK(result(kmeans({run.string(), "--images", "1", "--k", "2"})).at("figures")[0].at("tap") == "conv3");
}

TEST_CASE("kmeans: raw pixels tell a disc from its background as the masks do") {
  const Workbench bench;
  const Discs discs(bench / "discs");
  const std::string data = "npy:" + (bench / "discs").string(), masks = (bench / "discs/masks.npy").string();
  const auto figures = result(kmeans({"--raw", "mean-rgb", "--patch", "1", "--data", data, "--k", "2", "--masks", masks,
                                      "--out", (bench / "raw").string()}))
                           .at("figures")[0];
  CHECK(figures.at("tap") == "mean-rgb");
  CHECK(figures.at("rows") == 32);
  CHECK(figures.at("channels") == 3);
  CHECK(figures.at("ari_masks") == 1);
  CHECK(figures.at("explained").get<double>() == doctest::Approx(1));
  for (const auto& image : stored(bench / "raw").at("images")) CHECK(image.at("clusterings")[0].at("ari_masks") == 1);

  const auto coarse = result(kmeans({"--raw", "patches", "--patch", "4", "--data", data, "--k", "2,4", "--masks", masks,
                                     "--out", (bench / "patches").string()}))
                          .at("figures");
  CHECK(coarse[0].at("channels") == 48);
  CHECK(coarse[0].at("ari_masks") < 1);
  CHECK(coarse[0].at("ari_masks") > .5);
}

TEST_CASE("kmeans --joint: a cluster means the same in all images") {
  const Workbench bench;
  write_tree(bench / "flat", {{"blue/1.png", red_png(10, {64, 64})},
                              {"blue/2.png", red_png(12, {64, 64})},
                              {"red/3.png", red_png(250, {64, 64})}});
  const Strings arguments{"--raw", "patches", "--data", "folder:" + (bench / "flat").string(),
                          "--k",   "1,2",     "--out",  (bench / "out").string()};
  Strings joint = arguments;
  joint.push_back("--joint");
  const auto figures = result(kmeans(joint)).at("figures");
  CHECK(figures[0].at("ari_labels") == 0);  // a single cluster
  CHECK(figures[1].at("ari_labels") == 1);
  const auto labels = array<std::int32_t>(bench / "out/labels/patches-k2.npy");
  CHECK(labels.shape == std::vector<std::int64_t>{3, 2, 2});
  CHECK(labels.values == std::vector<std::int32_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(stored(bench / "out").at("clusterings")[1].at("sizes") == std::vector<int>{8, 4});
  CHECK(stored(bench / "out").at("images")[2].at("name") == "red/3.png");
  CHECK(engine::read_file(bench / "out/index.html").find("2 red/3.png, class 1") != std::string::npos);
  // An image of one colour alone is one cluster, and the other is empty.
  CHECK_FALSE(result(kmeans(arguments)).at("figures")[0].contains("ari_labels"));
  CHECK(stored(bench / "out").at("images")[0].at("clusterings")[1].at("sizes") == std::vector<int>{4, 0});
}

TEST_CASE("kmeans: bad input is refused in one sentence, and leaves nothing") {
  const Workbench bench;
  const Discs discs(bench / "discs");
  result(bench.pretrain("run", {"--arch", "resnet18", "--width", "0.25", "--steps", "1", "--epochs", "0"}));
  const std::string run = (bench / "run").string(), data = "npy:" + (bench / "discs").string(),
                    weights = run + "/export/backbone.safetensors", digits = "mnist:" + bench.data().string();
  const auto refusal = [](const Strings& arguments, int exit_code) {
    const Ended ended = kmeans(arguments);
    CHECK(ended.exit_code == exit_code);
    CHECK(ended.out.empty());
    const std::string said = complaint(ended);
    return said.substr(0, said.find(" (see `kmeans --help`)"));
  };
  CHECK(refusal({run, "--image-size", "4"}, 3) ==
        "group4 has 1 x 1 locations of an image of 4 x 4, too few for 2 clusters; give a larger --image-size, an "
        "earlier --tap or a smaller --k");
  CHECK(refusal({run, "--k", "4,17"}, 3)
            .starts_with("group4 has 4 x 4 locations of an image of 28 x 28, too few for 17 "));
  CHECK(refusal({run, "--tap", "group4,conv1"}, 2) ==
        "--tap must be of this encoder's group1, group2, group3, group4, got 'conv1'");
  CHECK(refusal({run, "--first", "128"}, 3).starts_with("--first 128 leaves no images: mnist:"));
  CHECK(refusal({run, "--raw", "patches"}, 2) ==
        "--raw clusters pixels, and RUN_DIR is of a network; give one of them");
  CHECK(refusal({"--weights", weights}, 2) == "--weights needs --data SOURCE: only a run knows its images");
  CHECK(refusal({run, "--weights", weights, "--data", digits}, 2) ==
        "--weights is of a file, and RUN_DIR of a run; give one of them");
  CHECK(refusal({"--weights", weights, "--data", data}, 3).find("it takes images of 1 channels") != std::string::npos);
  CHECK(refusal({"--weights", run + "/none", "--data", data}, 3).starts_with("there is no file "));
  CHECK(refusal({run, "--masks", (bench / "discs/masks.npy").string()}, 3)
            .find("expected whole numbers of shape [128,H,W]") != std::string::npos);
  CHECK(refusal({"--raw", "patches", "--patch", "5", "--data", data, "--out", (bench / "o").string()}, 3)
            .starts_with("patches of 5 x 5 pixels do not fill images of 32 x 32; "));
  write_tree(bench / "sizes", {{"1.png", red_png(1, {8, 8})}, {"2.png", red_png(1, {9, 8})}});
  CHECK(refusal({"--raw", "patches", "--data", "folder:" + (bench / "sizes").string(), "--out", (bench / "o").string()},
                3)
            .find("images of different sizes") != std::string::npos);
  fs::create_directory(bench / "thesis");
  engine::atomic_write_file(bench / "thesis/main.tex", "");
  CHECK(refusal({run, "--out", (bench / "thesis").string()}, 1).find(" has other contents than earlier results") !=
        std::string::npos);
  CHECK(names(bench / "thesis") == Strings{"main.tex"});
  fs::remove_all(bench / "run/checkpoints");
  CHECK(refusal({run}, 2).ends_with("/run has no checkpoint yet; let pretrain finish an epoch first"));
  CHECK_FALSE(fs::exists(bench / "run/kmeans"));
  CHECK_FALSE(fs::exists(bench / "o"));
  CHECK_FALSE(has_leftovers(bench / ""));
}

TEST_CASE("kmeans: a signal or a full disk leaves nothing, and earlier results stay") {
  const Workbench bench;
  const std::string out = (bench / "results/out").string();
  const Strings arguments{"--raw", "patches", "--patch", "7", "--data", "mnist:" + bench.data().string(), "--out", out};
  const auto with = [&](const Strings& more) {
    Strings all = arguments;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  result(kmeans(with({"--images", "2", "--k", "2"})));
  const std::string earlier = engine::read_file(out + "/kmeans.json");
  const Strings slow = with({"--images", "128", "--restarts", "1000", "--tolerance", "0", "--threads", "1"});
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(KMEANS, slow);
    begun(program, bench / "results").send(signal);
    const Ended ended = program.wait();
    CHECK(ended.exit_code == 75);
    CHECK(ended.err.find("; nothing was stored, and the same command begins it anew") != std::string::npos);
    CHECK(ended.out.empty());
    CHECK(names(bench / "results") == Strings{"out"});
  }
  Program killed(KMEANS, slow);
  begun(killed, bench / "results").send(SIGKILL);
  CHECK(killed.wait().signal == SIGKILL);
  CHECK(names(bench / "results").size() == 2);

  const Ended full = kmeans(with({"--images", "40", "--k", "2"}), {.largest_file_bytes = 16 << 10});
  CHECK(full.exit_code == 1);
  CHECK(full.err.find("File too large") != std::string::npos);
  CHECK(names(bench / "results") == Strings{"out"});  // what the killed one left is gone, too
  CHECK(engine::read_file(out + "/kmeans.json") == earlier);
}
