// Errors of `pretrain`: the exit code, one sentence, and that nothing is destroyed.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "tests/apps/tiny_mnist.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;
using engine::read_file;

TEST_CASE("pretrain: a wrong command line is exit 2 and one sentence, and leaves nothing") {
  const Workbench bench;
  const struct {
    Strings arguments;
    std::string sentence;  // how it begins
  } cases[] = {
      {{"--recipe", "dmeo"}, "--recipe: unknown recipe 'dmeo'; the nearest is demo"},
      {{"--recipe", "no.toml"}, "--recipe: there is no file no.toml"},
      {{"--set", "optim.lt=1"}, "--set: unknown key 'optim.lt'; the nearest is optim.lr"},
      {{"--batchsize", "5"}, "unknown flag --batchsize; the nearest is --batch-size"},
      {{"--lr", "-1"}, "--lr must be a number from 1e-37 to 1e+38, got '-1'"},
      {{"--lr", "fast"}, "--lr must be a number from 1e-37 to 1e+38, got 'fast'"},
      {{"--lr", "1e-50"}, "--lr must be a number from 1e-37 to 1e+38, got '1e-50'"},
      {{"--lr", "1e38", "--lr-scaling", "sqrt"},
       "optim.lr = 1e+38 with optim.lr_scaling = sqrt is 8e+38 for batches of 64, and a learning rate must be from "
       "1e-37 to 1e+38; change --lr or --lr-scaling"},
      {{"--warmup-epochs", "1e9"}, "1e+09 epochs of warm-up, of 8 steps each, are more than 1000000000 steps"},
      {{"--optimizer", "adamw"}, "--optimizer must be one of adam, sgd, lars, got 'adamw'"},
      {{"--epochs"}, "--epochs needs a value"},
      {{"--objective", "moco"}, "--objective must be one of contrastive, queue, byol, supervised, vae, got 'moco'"},
      {{"--objective", "queue", "--set", "queue.size=100"},
       "queue.size = 100 must be a multiple of train.batch_size = 64, as a step replaces whole batches of keys; 64 "
       "would "
       "be one"},
      {{"--objective", "queue", "--set", "queue.size=32"},
       "queue.size = 32 must be a multiple of train.batch_size = 64, as a step replaces whole batches of keys; 64 "
       "would "
       "be one"},
      {{"--objective", "queue", "--set", "queue.batch_norm_groups=5"},
       "queue.batch_norm_groups = 5 must divide train.batch_size = 64"},
      {{"--objective", "byol", "--loss", "swd"},
       "loss.name = swd has no effect while objective.name is byol: keep its default nt-xent, or set objective.name to "
       "contrastive"},
      {{"--objective", "supervised", "--set", "vae.beta=2"},
       "vae.beta = 2 has no effect while objective.name is supervised: keep its default 1, or set objective.name to "
       "vae"},
      {{"--objective", "supervised", "--set", "supervised.labels=digit"},
       "supervised.labels must be a label set of mnist:"},
      {{"--data", "randbit(digits:, bits=3)", "--bits", "4"}, "--bits 4: digits: (train, 60000 drawn images)"},
      {{"--epochs", "0"}, "--epochs must be above 0 unless train.steps sets the length of the training, got 0"},
      {{"--recipe", "demo", "--steps", "0", "--epochs", "0"},
       "--epochs must be above 0 unless train.steps sets the length of the training, got 0"},
      {{"--device", "gpu"}, "--device must be one of cpu, cuda, cuda:N, got 'gpu'"},
      {{"--device", "cuda:-1"}, "--device must be one of cpu, cuda, cuda:N, got 'cuda:-1'"},
      {{"--plans", "no.json"}, "--plans must be timed, off or the plans.json of a run, and there is no file no.json"},
      {{"--plans", ""}, "--plans must be one of timed, off, FILE, got ''"},
      {{"--cuda-graph", "off"}, "run.cuda_graph = off has no effect while run.device is cpu"},
      {{"--repeatable", "off"}, "run.repeatable = off has no effect while run.device is cpu"},
      {{"--nvtx"}, "--nvtx and --profile-steps are for Nsight and a GPU: add --device cuda, or use --profile"},
      {{"--profile-steps", "1:2"}, "--nvtx and --profile-steps are for Nsight and a GPU"},
      {{"--profile-steps", "7"}, "--profile-steps must be A:B, two steps, got '7'"},
      {{"--profile-steps", "7:5"}, "--profile-steps must be a whole number of at least 7, got '5'"},
      {{"--resume", (bench / "nowhere").string(), "--out", (bench / "nowhere").string()},
       "--resume must be auto, never or a run directory, and"},
  };
  for (const auto& [arguments, sentence] : cases) {
    const Ended ended = bench.pretrain("run", arguments);
    CAPTURE(sentence);
    CHECK(ended.exit_code == 2);
    CHECK(complaint(ended).substr(0, sentence.size()) == sentence);
  }
  CHECK(names(bench / "") == Strings{"mnist"});
}

TEST_CASE("pretrain: crops that cannot be drawn are exit 2 before anything is made, whatever is to be done") {
  const Workbench bench;
  const std::string picture = (bench / "views.png").string();
  const Strings crops = {"--set", "data.crop_area_min=0.3", "--set", "data.crop_area_max=0.3"};
  for (const Strings& what : {Strings{}, Strings{"--dry-run"}, Strings{"--dump-views", "2", picture}}) {
    Strings arguments = crops;
    arguments.insert(arguments.end(), what.begin(), what.end());
    const Ended ended = bench.pretrain("run", arguments);
    CHECK(ended.exit_code == 2);
    CHECK(complaint(ended).starts_with(
        "no crop of 28x28 images has an area from data.crop_area_min = 0.3 to data.crop_area_max = 0.3"));
  }
  CHECK(names(bench / "") == Strings{"mnist"});
}

TEST_CASE("pretrain: a wrong recipe is exit 2, with the line") {
  const Workbench bench;
  const fs::path recipe = bench / "my.toml";
  const auto sentence = [&](const std::string& text) {
    write_plain(recipe, text);
    const Ended ended = bench.pretrain("run", {"--recipe", recipe.string()});
    CHECK(ended.exit_code == 2);
    return complaint(ended);
  };
  CHECK(
      sentence("[optim]\nlearning_rate = 1\n").starts_with(recipe.string() + ":2: unknown key 'optim.learning_rate'"));
  CHECK(sentence("[optim]\n\nlr = \"x\"\n")
            .starts_with(recipe.string() + ":3: optim.lr must be a number from 1e-37 to 1e+38"));
  CHECK(sentence("[optim\n").starts_with(recipe.string() + ":1: this is not TOML"));
  CHECK_FALSE(fs::exists(bench / "run"));
}

TEST_CASE("pretrain: damaged data is exit 3 and one sentence with the file, and leaves nothing") {
  const Workbench bench;
  const fs::path images = bench.data() / "train-images-idx3-ubyte", labels = bench.data() / "train-labels-idx1-ubyte";
  std::string sentence;
  SUBCASE("truncated") {
    fs::resize_file(images, 1000);
    sentence = "is truncated: its header promises 512 x 28 x 28";
  }
  SUBCASE("truncated in its header") {
    fs::resize_file(images, 9);
    sentence = "ends inside its header";
  }
  SUBCASE("promises more than there can be") {
    write_plain(images, idx_bytes(0x803, {0xffffffff, 0xffffffff, 0xffffffff}, "x"));
    sentence = "which no file holds";
  }
  SUBCASE("promises more than there is") {
    write_plain(images, idx_bytes(0x803, {60000, 28, 28}, "x"));
    sentence = "is truncated";
  }
  SUBCASE("wrong magic number") {
    fs::copy_file(labels, images, fs::copy_options::overwrite_existing);
    sentence = "starts with 0x00000801, expected 0x00000803";
  }
  SUBCASE("fewer labels than images") {
    write_plain(labels, idx_bytes(0x801, {3}, "abc"));
    sentence = "holds 3 labels";
  }
  SUBCASE("a named pipe") {
    fs::remove(labels);
    REQUIRE(mkfifo(labels.c_str(), 0666) == 0);
    sentence = "it is a named pipe, not a regular file";
  }
  SUBCASE("images that are too large to be cropped") {
    write_plain(images, idx_bytes(0x803, {1, 32768, 1}, std::string(32768, 'x')));
    write_plain(labels, idx_bytes(0x801, {1}, "a"));
    sentence = "has images of 32768 x 1; at most 32767 pixels a side can be cropped";
  }
  SUBCASE("images of another size") {
    write_plain(images, idx_bytes(0x803, {kTrainImages, 2, 2}, std::string(kTrainImages * 4, 'x')));
    sentence = "has images of 2 x 2, and --arch convn needs at least 20 x 20; a ResNet takes any size";
  }
  SUBCASE("a damaged test set") {
    fs::resize_file(bench.data() / "t10k-images-idx3-ubyte", 20);
    sentence = "is truncated";
  }
  SUBCASE("an empty directory") {
    fs::remove_all(bench.data());
    fs::create_directories(bench.data());
    sentence = "has neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz";
  }
  SUBCASE("no directory") {
    fs::remove_all(bench.data());
    sentence = "there is no directory";
  }
  const Ended ended = bench.pretrain("run");
  CHECK(ended.exit_code == 3);
  CHECK_MESSAGE(complaint(ended).find(sentence) != std::string::npos, ended.err);
  CHECK(ended.err.find(bench.data().string()) != std::string::npos);
  CHECK_FALSE(fs::exists(bench / "run"));
}

TEST_CASE("pretrain: data that does not fit the request is exit 3") {
  const Workbench bench;
  const Ended large = bench.pretrain("run", {"--batch-size", "513"});
  CHECK(large.exit_code == 3);
  CHECK(complaint(large) == "batch size 513 is larger than the training set of 512 examples; lower --batch-size");
  const Ended unknown = bench.pretrain("run", {"--data", "imagenet:x"});
  CHECK(unknown.exit_code == 3);
  CHECK(complaint(unknown).starts_with("data.source: there is no source 'imagenet', the nearest is "));
  CHECK_FALSE(fs::exists(bench / "run"));
}

TEST_CASE("pretrain: an --out that is in use is left alone") {
  const Workbench bench;
  SUBCASE("the remains of a run") {
    fs::create_directories(bench / "run/checkpoints");
    write_plain(bench / "run/checkpoints/thesis.txt", "important");
    for (const char* resume : {"never", "auto"}) {
      const Ended ended = bench.pretrain("run", {"--resume", resume});
      CHECK(ended.exit_code == 2);
      CHECK(complaint(ended).starts_with("--out " + (bench / "run").string() + " has what a run writes, but no "));
      CHECK(names(bench / "run") == Strings{"checkpoints"});
    }
  }
  SUBCASE("a file, or below one") {
    write_plain(bench / "run", "important");
    for (const char* name : {"run", "run/deeper"}) {
      const Ended ended = bench.pretrain(name);
      CHECK(ended.exit_code == 1);
      CHECK(complaint(ended).starts_with("cannot create directory " + (bench / name).string()));
    }
    CHECK(read_file(bench / "run") == "important");
  }
  SUBCASE("a run that is finished") {
    result(bench.pretrain("run", {"--epochs", "1"}));
    const std::string metrics = read_file(bench / "run/metrics.jsonl");
    CHECK(bench.pretrain("run").exit_code == 2);
    CHECK(read_file(bench / "run/metrics.jsonl") == metrics);
  }
}

TEST_CASE("pretrain: files of others in --out are no obstacle, and stay") {
  const Workbench bench;
  fs::create_directories(bench / "run/lost+found");
  write_plain(bench / "run/slurm-1.out", "queued");
  result(bench.pretrain("run", {"--epochs", "1"}));
  CHECK(read_file(bench / "run/slurm-1.out") == "queued");
  CHECK(fs::exists(bench / "run/lost+found"));
}

TEST_CASE("pretrain: a run directory that is moved away or replaced ends the run with a sentence, and is not rebuilt") {
  const Workbench bench;
  const fs::path run = bench / "run";
  for (const bool replaced : {false, true}) {
    CAPTURE(replaced);
    Program program(PRETRAIN, bench.arguments("run", {"--epochs", "10000"}));
    while (program.running() && !fs::exists(run / "checkpoints/latest")) usleep(1000);
    fs::rename(run, bench / "elsewhere");
    if (replaced) fs::create_directories(run);
    const Ended ended = program.wait();
    CHECK(ended.exit_code == 1);
    CHECK(ended.err.find("the run directory " + run.string() +
                         " was removed, moved or replaced during the run, which ends here") != std::string::npos);
    if (replaced) CHECK(names(run).empty());
    if (!replaced) CHECK_FALSE(fs::exists(run));
    fs::remove_all(run);
    fs::remove_all(bench / "elsewhere");
  }
}

TEST_CASE("pretrain: a second process in the same run directory is refused, and the first goes on") {
  const Workbench bench;
  Program first(PRETRAIN, bench.arguments("run", {"--epochs", "10000"}));
  while (first.running() && !fs::exists(bench / "run/metrics.jsonl")) usleep(1000);
  const Ended second = bench.pretrain("run", {"--epochs", "10000", "--resume", "auto"});
  CHECK(second.exit_code == 1);
  CHECK(complaint(second) == (bench / "run").string() + " is in use by process " + std::to_string(first.id()) +
                                 "; wait for it, stop it, or choose another --out");
  CHECK(first.running());
  first.send(SIGTERM);
  CHECK(first.wait().exit_code == 75);
}

TEST_CASE("pretrain: a disk that fills up during a checkpoint leaves the earlier one, and the run goes on from it") {
  const Workbench bench;
  result(bench.pretrain("whole"));
  result(bench.pretrain("run", {"--epochs", "1"}));
  const auto bytes = [&](const char* file) { return fs::file_size(latest_checkpoint(bench / "run") / file); };
  REQUIRE(bytes("model.safetensors") < bytes("optimizer.safetensors"));
  const Ended full =
      bench.pretrain("run", {"--resume", "auto"}, {.largest_file_bytes = bytes("optimizer.safetensors") - 1});
  CHECK(full.exit_code == 1);
  CHECK(full.out.empty());
  CHECK(full.err.find("pretrain: error: the checkpoint of step 16 was not written: cannot write ") !=
        std::string::npos);
  CHECK(full.err.find("the run can be resumed once this is put right\n") != std::string::npos);
  CHECK(names(bench / "run/checkpoints") == Strings{"latest", "step_00000008"});  // the new checkpoint left no files
  result(bench.pretrain("run", {"--resume", "auto"}));
  CHECK(same_tensors(bench / "run", bench / "whole"));
}

TEST_CASE("pretrain: a checkpoint that was damaged is exit 3") {
  const Workbench bench;
  result(bench.pretrain("run"));
  const fs::path model = latest_checkpoint(bench / "run") / "model.safetensors";
  fs::resize_file(model, fs::file_size(model) - 4);
  const Ended ended = bench.pretrain("run", {"--resume", "auto"});
  CHECK(ended.exit_code == 3);
  CHECK(complaint(ended).find("to resume from step_00000008, which is intact, remove the newer ones") !=
        std::string::npos);
}

TEST_CASE("pretrain: a named pipe in the place of a file is not waited for") {
  const Workbench bench;
  result(bench.pretrain("run", {"--epochs", "1"}));
  const std::string checkpoint = fs::relative(latest_checkpoint(bench / "run"), bench / "run");
  for (const std::string& file :
       {std::string("config.toml"), std::string("plans.json"), std::string("metrics.jsonl"), std::string("train.log"),
        std::string("lock"), checkpoint + "/state.json", checkpoint + "/model.safetensors"}) {
    CAPTURE(file);
    const fs::path copy = bench / "copy";
    fs::remove_all(copy);
    fs::copy(bench / "run", copy, fs::copy_options::recursive);
    fs::remove(copy / file);
    REQUIRE(mkfifo((copy / file).c_str(), 0666) == 0);
    const Ended ended = bench.pretrain("copy", {"--resume", "auto"});
    CHECK(ended.exit_code == 3);
    CHECK_MESSAGE(ended.err.find((copy / file).string() + ": it is a ") != std::string::npos, ended.err);
    CHECK(ended.err.find("named pipe") != std::string::npos);
  }
  const fs::path recipe = bench / "my.toml";
  REQUIRE(mkfifo(recipe.c_str(), 0666) == 0);
  const Ended ended = bench.pretrain("new", {"--recipe", recipe.string()});
  CHECK(ended.exit_code == 2);
  CHECK(complaint(ended).starts_with("--recipe: cannot read " + recipe.string() + ": it is a named pipe"));
}

TEST_CASE("pretrain: a loss that is not finite is exit 4, the weights before that step are kept") {
  const Workbench bench;
  const fs::path run = bench / "run";
  const Ended ended = bench.pretrain("run", {"--lr", "1e30"});
  CHECK(ended.exit_code == 4);
  CHECK(ended.out.empty());
  CHECK(ended.err.find("pretrain: error: the loss or its gradient is not finite in step 2") != std::string::npos);
  const auto records = metrics(run);
  REQUIRE(records.size() == 1);
  CHECK(records[0].at("step") == 2);
  CHECK(records[0].at("loss").is_null());
  const auto nonfinite = records[0].at("nonfinite").get<Strings>();
  CHECK(std::find(nonfinite.begin(), nonfinite.end(), "loss") != nonfinite.end());

  CHECK(names(run / "crash/step_2") == Strings{"model.safetensors", "optimizer.safetensors"});
  const engine::SafetensorsFile model(run / "crash/step_2/model.safetensors");
  for (const engine::StoredTensor& tensor : model.tensors()) {
    CAPTURE(tensor.name);
    if (tensor.type != engine::StoredType::f32) continue;
    if (tensor.name.find(".running_") != std::string::npos) continue;  // running statistics include the failing step
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    CHECK(std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }));
  }
  CHECK_FALSE(fs::exists(run / "checkpoints"));
  CHECK_FALSE(fs::exists(run / "export"));
}

TEST_CASE("pretrain: weights that the last update made infinite are exit 4, and are not exported") {
  const Workbench bench;
  const Ended ended = bench.pretrain(
      "wild", {"--epochs", "0", "--steps", "1", "--optimizer", "sgd", "--lr", "1e38", "--temperature", "0.01"});
  CHECK_MESSAGE(ended.exit_code == 4, ended.err);
  CHECK(ended.out.empty());
  const fs::path wild = bench / "wild";
  CHECK(ended.err.find("pretrain: error: the update of step 1 made ") != std::string::npos);
  CHECK(ended.err.find(" infinite or NaN; the weights after it are in " + (wild / "crash/step_1").string()) !=
        std::string::npos);
  CHECK(names(wild / "crash/step_1") == Strings{"model.safetensors", "optimizer.safetensors"});
  CHECK_FALSE(fs::exists(wild / "export"));
  CHECK_FALSE(fs::exists(wild / "checkpoints"));
  CHECK_FALSE(fs::exists(wild / "result.json"));
}
