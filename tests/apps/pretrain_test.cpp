// The files and messages of `pretrain`, and that repeated runs give the same results.
#include <doctest/doctest.h>
#include <png.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <sstream>

#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "tests/apps/exported_network.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;
using engine::read_file;

namespace {

/// "F32 32,1,3,3" for each tensor name.
std::map<std::string, std::string> layout(const fs::path& path) {
  std::map<std::string, std::string> tensors;
  const engine::SafetensorsFile file(path);
  for (const engine::StoredTensor& tensor : file.tensors()) {
    std::string text = engine::name(tensor.type);
    for (std::size_t i = 0; i < tensor.shape.size(); ++i)
      text.append(i ? "," : " ").append(std::to_string(tensor.shape[i]));
    tensors[tensor.name] = text;
  }
  return tensors;
}

using Layout = std::map<std::string, std::string>;

void add_batch_norm(Layout& tensors, const std::string& name, const std::string& channels) {
  for (const char* member : {".weight", ".bias", ".running_mean", ".running_var"}) {
    tensors[name + member] = "F32 " + channels;
  }
  tensors[name + ".num_batches_tracked"] = "I64";
}

/// config.toml is the output of --print-config, and loads as a recipe.
void check_config(const Workbench& bench, const fs::path& run) {
  const std::string config = read_file(run / "config.toml");
  CHECK(config == bench.pretrain("other", {"--print-config"}).out);
  CHECK(config == Workbench::plain_pretrain({"--recipe", (run / "config.toml").string(), "--print-config"}).out);
  CHECK_FALSE(fs::exists(bench / "other"));
}

void check_environment(const Workbench& bench, const fs::path& run) {
  const auto environment = nlohmann::json::parse(read_file(run / "env.json"));
  for (const char* key : {"version", "git", "build", "cpu", "device", "device_model", "libraries", "argv", "started"}) {
    CHECK(environment.contains(key));
  }
  CHECK(environment.at("threads") == 1);
  CHECK(environment.at("argv").size() == bench.arguments("run").size() + 1);
}

void check_log(const fs::path& run) {
  const std::string log = read_file(run / "train.log");
  CHECK(log.find("Z step 16: loss ") != std::string::npos);
  CHECK(log.find("Z finished after step 16\n") != std::string::npos);
}

/// Records: every third step, the ends of epochs, and the final test.
void check_metrics(const fs::path& run, const nlohmann::json& summary) {
  CHECK(recorded(run) ==
        Strings{"train 3", "train 6", "train 8", "train 9", "train 12", "train 15", "train 16", "eval 16"});
  for (const auto& record : metrics(run)) {
    CHECK(record.at("epoch").get<double>() == record.at("step").get<double>() / 8);
    CHECK(record.at("time").get<double>() > 1.7e9);
    CHECK(record.at("probe_acc").get<double>() <= 1);
    if (record.at("phase") == "eval") continue;
    const auto number = [&](const char* key) { return record.at(key).get<double>(); };
    CHECK(number("loss_align") + number("loss_dist") == doctest::Approx(number("loss")).epsilon(1e-4));
    CHECK(number("contrast_acc") <= 1);
    CHECK(number("lr") == doctest::Approx(1e-3));
    CHECK(number("grad_norm") > 0);
    CHECK(number("step_ms") > number("data_wait_ms"));
    CHECK(number("images_per_s") == doctest::Approx(64e3 / number("step_ms")));
    CHECK(number("mem_peak_bytes") > 1e6);
  }
  CHECK(metrics(run).back().at("probe_acc") == summary.at("probe_test_accuracy"));
  CHECK(metrics(run)[6].at("loss") == summary.at("loss"));
}

void check_checkpoints(const fs::path& run) {
  CHECK(names(run / "checkpoints") == Strings{"latest", "step_00000008", "step_00000016"});
  CHECK(latest_checkpoint(run).filename() == "step_00000016");
  CHECK(names(latest_checkpoint(run)) == Strings{"DONE", "model.safetensors", "optimizer.safetensors", "state.json"});
  const auto state = nlohmann::json::parse(read_file(run / "checkpoints/step_00000008/state.json"));
  CHECK(state.at("step") == 8);
  CHECK(state.at("epoch") == 1);
  CHECK(state.at("cursor") == 0);
  CHECK(state.at("threads") == 1);
}

/// The probe's accuracy is that of the exported files on the test images. Rounding may decide about one image.
void check_accuracy(const fs::path& run, const nlohmann::json& summary) {
  const ExportedNetwork network(run / "export/backbone.safetensors");
  const double accuracy = linear_accuracy(run / "export/linear_head.safetensors",
                                          network.features(data::Split::test, kTestImages), data::Split::test);
  CHECK(std::abs(summary.at("probe_test_accuracy").get<double>() - accuracy) < 1.01 / kTestImages);
}

/// The seconds of a run are at most those of the whole program and at least those of its steps.
void check_seconds(const fs::path& run, const nlohmann::json& summary, double whole_program) {
  double steps = 0, before = 0;
  for (const auto& record : metrics(run)) {
    if (record.at("phase") != "train") continue;
    steps += (record.at("step").get<double>() - before) * record.at("step_ms").get<double>() / 1e3;
    before = record.at("step").get<double>();
  }
  CHECK(summary.at("seconds").get<double>() <= whole_program);
  CHECK(summary.at("seconds").get<double>() >= 0.99 * steps);
}

/// Exports have torchvision's names and order of dimensions.
void check_exports(const fs::path& run) {
  CHECK(names(run / "export") ==
        Strings{"backbone.safetensors", "classifier.safetensors", "linear_head.safetensors", "projector.safetensors"});
  Layout backbone{{"conv1.weight", "F32 32,1,3,3"},
                  {"conv2.weight", "F32 64,32,3,3"},
                  {"conv3.weight", "F32 64,64,3,3"},
                  {"dense.weight", "F32 128,256"}};
  const char* channels[] = {"32", "64", "64", "128"};
  for (int i = 0; i < 4; ++i) add_batch_norm(backbone, "bn" + std::to_string(i + 1), channels[i]);
  CHECK(layout(run / "export/backbone.safetensors") == backbone);
  const Layout head{{"fc.bias", "F32 10"}, {"fc.weight", "F32 10,128"}};
  CHECK(layout(run / "export/linear_head.safetensors") == head);
  Layout classifier = backbone;
  classifier.insert(head.begin(), head.end());
  CHECK(layout(run / "export/classifier.safetensors") == classifier);
  for (const auto& [name, shape] : layout(run / "export/projector.safetensors")) {
    CHECK_FALSE(name.starts_with("projector."));
  }
  const engine::SafetensorsFile file(run / "export/backbone.safetensors");
  CHECK(file.metadata() == std::map<std::string, std::string>{{"arch", "convn"},
                                                              {"epoch", "2"},
                                                              {"format", "pt"},
                                                              {"in_chans", "1"},
                                                              {"loads_in_torchvision", "no: torchvision has no convn"},
                                                              {"mean", "0"},
                                                              {"std", "1"}});
  // The export equals the last checkpoint.
  const engine::SafetensorsFile model(latest_checkpoint(run) / "model.safetensors");
  const auto exported = file.at("conv2.weight").bytes, saved = model.at("encoder.conv2.weight").bytes;
  CHECK(std::equal(exported.begin(), exported.end(), saved.begin(), saved.end()));
}

}  // namespace

TEST_CASE("pretrain: a run leaves every file it should, and each can be read") {
  const Workbench bench;
  const auto start = std::chrono::steady_clock::now();
  const Ended ended = bench.pretrain("run");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const fs::path run = bench / "run";
  const auto summary = result(ended);
  CHECK(summary.at("run") == run.string());
  CHECK(summary.at("step") == 16);
  check_accuracy(run, summary);
  check_seconds(run, summary, took.count());
  CHECK(ended.err.find("run directory: " + run.string()) != std::string::npos);
  CHECK(ended.err.find("16/16 steps  100%") != std::string::npos);
  Strings files = names(run);
  std::erase(files, "tb");  // not in a build without protobuf
  CHECK(files == Strings{"checkpoints", "config.toml", "data.json", "env.json", "export", "lock", "metrics.csv",
                         "metrics.jsonl", "result.json", "scalars.json", "train.log"});
  CHECK_FALSE(has_leftovers(run));
  check_config(bench, run);
  check_environment(bench, run);
  check_log(run);
  check_metrics(run, summary);
  check_checkpoints(run);
  check_exports(run);
}

TEST_CASE("pretrain: the same seed and threads give the same bytes, with any number of workers") {
  const Workbench bench;
  const Strings steps{"--epochs", "1", "--bits", "4"};
  const auto run = [&](const std::string& name, Strings more) {
    more.insert(more.begin(), steps.begin(), steps.end());
    result(bench.pretrain(name, more));
    return bench / name;
  };
  const fs::path first = run("first", {});
  CHECK(same_tensors(first, run("second", {})));
  CHECK(same_tensors(first, run("workers", {"--workers", "5"})));
  CHECK(same_tensors(first, run("logging", {"--log-every", "1", "--eval-every", "1", "--profile"})));
  CHECK_FALSE(same_tensors(first, run("seed", {"--seed", "2"})));
  CHECK(same_tensors(run("threads", {"--threads", "2"}), run("threads again", {"--threads", "2"})));
}

TEST_CASE("pretrain: records may be further apart than the device has room for") {
  const Workbench bench(/*train_images=*/2060);
  result(bench.pretrain("run", {"--batch-size", "2", "--epochs", "1", "--log-every", "100000"}));
  CHECK(recorded(bench / "run") == Strings{"train 1030", "eval 1030"});
}

TEST_CASE("pretrain: tests and checkpoints as often as asked for") {
  const Workbench bench;
  result(bench.pretrain("end", {"--ckpt-every", "0"}));
  CHECK(names(bench / "end/checkpoints") == Strings{"latest", "step_00000016"});
  CHECK(recorded(bench / "end").back() == "eval 16");
  result(bench.pretrain(
      "often", {"--epochs", "5", "--ckpt-every", "2", "--keep", "2", "--eval-every", "2", "--log-every", "100"}));
  CHECK(names(bench / "often/checkpoints") == Strings{"latest", "step_00000032", "step_00000040"});
  CHECK(recorded(bench / "often") ==
        Strings{"train 8", "train 16", "eval 16", "train 24", "train 32", "eval 32", "train 40", "eval 40"});
}

TEST_CASE("pretrain: without --out, each run gets a directory of its own below runs/") {
  const Workbench bench;
  const Strings arguments{"--data", "mnist:" + bench.data().string(), "--batch-size", "64", "--steps", "1", "--report",
                          "off"};
  fs::create_directories(bench / "here");
  for (int i = 0; i < 2; ++i) { result(Program(PRETRAIN, arguments, {.directory = bench / "here"}).wait()); }
  const Strings runs = names(bench / "here/runs");
  REQUIRE(runs.size() == 2);
  for (const std::string& name : runs) CHECK(name.starts_with("mnist-convn-nt-xent-b64-s1-20"));
}

TEST_CASE("pretrain --dry-run: says what would run and leaves nothing") {
  const Workbench bench;
  const Ended ended = bench.pretrain("run", {"--dry-run", "--lr-scaling", "linear", "--warmup-epochs", "1"});
  CHECK(ended.exit_code == 0);
  CHECK(ended.err.empty());
  for (const std::string part :
       {"(train, 512 images)", "(test, 128 images)", "encoder        convn, in_chans 1\n", "encoder 88928",
        "steps          16 = 2.00 epochs",
        "0.00025 peak after 8 warmup steps, constant decay; from 0.001 by linear scaling\n",
        "memory         parameters 449.8 KiB, gradients 449.8 KiB, optimizer 899.5 KiB", " (measured)\n",
        "evaluation     1 of 128 images: ", "threads        1 thread, as run.threads says\n"}) {
    CHECK_MESSAGE(ended.out.find(part) != std::string::npos, part << " in\n" << ended.out);
  }
  CHECK(names(bench / "") == Strings{"mnist"});
}

TEST_CASE("pretrain --dry-run: says which ResNet it would be") {
  const Workbench bench;
  const Ended ended = bench.pretrain("run", {"--dry-run", "--arch", "resnet18", "--set", "model.variant=torchvision"});
  CHECK_MESSAGE(
      ended.out.find("encoder        resnet18, in_chans 1, stem cifar, variant torchvision\n") != std::string::npos,
      ended.out);
}

TEST_CASE("pretrain --width: a run says once which channel counts a fractional width was rounded to") {
  const Workbench bench;
  const std::string rounded =
      "model.width = 0.3: channel counts are rounded to multiples of 8: 8, 16, 16, 40 instead of 9.6, 19.2, 19.2, "
      "38.4\n";
  const Ended dry = bench.pretrain("dry", {"--dry-run", "--width", "0.3"});
  CHECK_MESSAGE(dry.out.find("channels       " + rounded) != std::string::npos, dry.out);
  result(bench.pretrain("run", {"--width", "0.3", "--steps", "2", "--epochs", "0"}));
  const std::string log = read_file(bench / "run/train.log");
  const auto said = log.find(rounded);
  REQUIRE_MESSAGE(said != std::string::npos, log);
  CHECK(log.find(rounded, said + 1) == std::string::npos);
  CHECK(read_file(bench / "run/config.toml").find("\nwidth = 0.3\n") != std::string::npos);
  result(bench.lineval({(bench / "run").string(), "--tap", "conv2", "--epochs", "1", "--batch-size", "64"}));
  result(bench.pretrain("whole", {"--width", "2", "--steps", "1", "--epochs", "0"}));
  CHECK(read_file(bench / "whole/train.log").find("rounded") == std::string::npos);
  CHECK(read_file(bench / "whole/config.toml").find("\nwidth = 2.0\n") != std::string::npos);
}

TEST_CASE("pretrain: convn takes images of other sizes, from 20 pixels, and lineval evaluates it") {
  const Workbench bench;
  for (const char* split : {"train", "t10k"}) {
    const std::uint32_t count = split[1] == 'r' ? kTrainImages : kTestImages, height = 20, width = 37;
    std::string pixels(std::size_t{count} * height * width, '\0');
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<char>(i * 2654435761u >> 24);
    write_plain(bench.data() / (std::string(split) + "-images-idx3-ubyte"),
                idx_bytes(0x803, {count, height, width}, pixels));
  }
  const auto run = result(bench.pretrain("run", {"--steps", "2", "--epochs", "0"}));
  CHECK(run.at("step") == 2);
  // 20 x 37 pixels become 1 x 3 of 64 channels.
  CHECK(layout(bench / "run/export/backbone.safetensors").at("dense.weight") == "F32 128,192");
  result(bench.lineval({(bench / "run").string(), "--epochs", "1", "--batch-size", "64"}));
}

TEST_CASE("pretrain --probe-taps: probes on other activations are trained, tested, saved and resumed") {
  const Workbench bench;
  const Strings taps{"--probe-taps", "conv2,layer1"};
  const auto plain = result(bench.pretrain("plain")), probed = result(bench.pretrain("run", taps));
  // They look, and change nothing: neither the network nor the first probe.
  CHECK(read_file(bench / "run/export/classifier.safetensors") ==
        read_file(bench / "plain/export/classifier.safetensors"));
  CHECK(probed.at("probe_test_accuracy") == plain.at("probe_test_accuracy"));
  for (const std::string tap : {"conv2", "layer1"}) {
    CAPTURE(tap);
    const std::string name = "probe_" + tap + "_acc";
    for (const auto& record : metrics(bench / "run")) CHECK(record.contains(name));
    CHECK(probed.at("test_" + name) == metrics(bench / "run").back().at(name));
    const engine::SafetensorsFile model(latest_checkpoint(bench / "run") / "model.safetensors");
    const auto bias = model.at("probe." + tap + ".bias").bytes;  // starts as zeros
    CHECK(std::any_of(bias.begin(), bias.end(), [](std::byte b) { return b != std::byte{}; }));
    CHECK_FALSE(metrics(bench / "plain").front().contains(name));
    CHECK(read_file(bench / "run/train.log").find("test " + name + " 0.") != std::string::npos);
  }
  CHECK(read_file(bench / "run/config.toml").find("\nprobe_taps = \"conv2,layer1\"\n") != std::string::npos);

  Strings half = taps;
  half.insert(half.end(), {"--epochs", "1"});
  result(bench.pretrain("halves", half));
  half.back() = "2";
  half.insert(half.end(), {"--resume", "auto"});
  result(bench.pretrain("halves", half));
  CHECK(same_tensors(bench / "run", bench / "halves"));
  CHECK(complaint(bench.pretrain("none", {"--probe-taps", "group3"}))
            .starts_with("a tap must be features, or of this encoder conv1, conv2, conv3"));
}

TEST_CASE("pretrain: warns of a run that ends within its warm-up") {
  const Workbench bench;
  const std::string warning =
      "pretrain: warning: 2 steps end within the warm-up of 16, so the learning rate never reaches its peak; lower "
      "--warmup-epochs or train for longer\n";
  const Strings steps{"--steps", "2", "--epochs", "0", "--warmup-epochs", "2"};
  const auto said = [&](const std::string& run, const Strings& more) {
    Strings arguments = steps;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench.pretrain(run, arguments).err;
  };
  CHECK(said("run", {"--dry-run"}) == warning);
  CHECK(said("run", {"--print-schedule"}) == warning);
  CHECK(said("run", {}).starts_with(warning));
  CHECK(said("other", {"--dry-run", "--steps", "16"}).find("warning: 16 steps") != std::string::npos);
  CHECK(said("other", {"--dry-run", "--steps", "17"}).empty());  // the last step reaches the peak
}

TEST_CASE("pretrain --print-schedule: the rate of every step, as it is then logged") {
  const Workbench bench;
  const Strings cosine{"--schedule", "cosine", "--warmup-epochs", "0.5"};
  const Ended ended = bench.pretrain("run", {"--print-schedule", "--schedule", "cosine", "--warmup-epochs", "0.5"});
  CHECK(names(bench / "") == Strings{"mnist"});
  std::istringstream lines(ended.out);
  std::string line;
  std::getline(lines, line);
  CHECK(line == "step,lr");
  std::vector<double> rates;
  while (std::getline(lines, line)) {
    CHECK(line.starts_with(std::to_string(rates.size()) + ","));
    rates.push_back(std::stod(line.substr(line.find(',') + 1)));
  }
  REQUIRE(rates.size() == 16);
  CHECK(rates[0] == 0);
  CHECK(rates[4] == 1e-3);
  result(bench.pretrain("run", cosine));
  for (const auto& record : metrics(bench / "run")) {
    if (record.at("phase") != "train") continue;
    CHECK(record.at("lr").get<double>() == doctest::Approx(rates[record.at("step").get<std::size_t>() - 1]));
  }
}

TEST_CASE("pretrain --dump-views: a picture that opens") {
  const Workbench bench;
  const fs::path path = bench / "views.png";
  const Ended ended = bench.pretrain("run", {"--dump-views", "5", path.string()});
  CHECK_MESSAGE(ended.exit_code == 0, ended.err);
  CHECK(names(bench / "") == Strings{"mnist", "views.png"});
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, path.c_str()) != 0);
  image.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);
  CHECK(image.width >= 3 * 4 * 28);  // the image, enlarged four times, and its two views
  CHECK(image.height >= 5 * 4 * 28);
  CHECK(*std::max_element(pixels.begin(), pixels.end()) > 200);  // the digits are visible

  CHECK(bench.pretrain("run", {"--dump-views", "513", path.string()}).exit_code == 2);
  CHECK(bench.pretrain("run", {"--dump-views", "0", path.string()}).exit_code == 2);
  for (const Strings& more : {Strings{}, Strings{"--seed", "1"}}) {
    Strings arguments{"--dump-views", "5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended half = bench.pretrain("run", arguments);
    CHECK(half.exit_code == 2);
    CHECK(complaint(half).starts_with("--dump-views needs N FILE.png"));
  }
  CHECK(bench.pretrain("run", {"--dump-views", "1", (path / "x.png").string()}).exit_code == 1);
}

TEST_CASE("pretrain --profile: where the time went, per kernel and per layer") {
  const Workbench bench;
  const Ended ended = bench.pretrain("run", {"--epochs", "1", "--profile"});
  result(ended);
  for (const std::string name :
       {"GFLOP/s", "conv2d_forward", "conv2d_wgrad", "similarity_forward", "adam", "(outside kernels)", "encoder.conv1",
        "projector.bn1", "probe", "loss", "augmentation", "optimizer"}) {
    CHECK_MESSAGE(ended.err.find(name) != std::string::npos, name << " in\n" << ended.err);
  }
}
