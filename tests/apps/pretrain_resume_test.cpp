// However `pretrain` is stopped, resuming with --resume must end with the same bytes as an undisturbed run.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <map>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"
#include "tests/data/sources/idx_files.h"

using namespace tests;

namespace {

const Strings kRun{"--epochs", "4",   "--set", "model.bn_per_view=on", "--bits", "3", "--set", "data.bits_per_fetch=on",
                   "--resume", "auto"};

bool writes_checkpoint(const fs::path& run) {
  std::error_code error;  // files may vanish while they are listed
  for (fs::directory_iterator entry(run / "checkpoints", error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".tmp") return true;
  }
  return false;
}

std::uintmax_t metrics_bytes(const fs::path& run) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(run / "metrics.jsonl", error);
  return error ? 0 : bytes;
}

/// Waits until `reached`; returns false if the program ended first.
template <class Condition>
bool wait_until(Program& program, Condition&& reached) {
  while (program.running()) {
    if (reached()) return true;
    usleep(200);
  }
  return false;
}

/// The line of data.source in a config.toml.
std::string source_line(const std::string& config) {
  const auto begin = config.find("source = ");
  return config.substr(begin, config.find('\n', begin) - begin);
}

/// Holds a lease on a file, so that a program that opens the file must wait.
class ReadHeldBack {
 public:
  explicit ReadHeldBack(const fs::path& path) : file_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    REQUIRE(file_ >= 0);
    signal(SIGIO, SIG_IGN);  // SIGIO says that the file is wanted; its default action would end this process
    fcntl(file_, F_SETLEASE, F_WRLCK);
  }
  ~ReadHeldBack() { close(file_); }
  ReadHeldBack(const ReadHeldBack&) = delete;
  ReadHeldBack& operator=(const ReadHeldBack&) = delete;

  bool holds() const { return fcntl(file_, F_GETLEASE) == F_WRLCK; }
  /// Whether a program is waiting for it.
  bool wanted() const { return !holds(); }
  void release() const { fcntl(file_, F_SETLEASE, F_UNLCK); }

 private:
  int file_;
};

}  // namespace

TEST_CASE("pretrain: killed anywhere, also in a checkpoint, it resumes to the same bytes and records") {
  const Workbench bench;
  result(bench.pretrain("whole", kRun));
  const fs::path run = bench / "run";
  int kills = 0, kills_in_checkpoint = 0;
  for (int i = 0; i < 8; ++i) {
    CAPTURE(i);
    Program program(PRETRAIN, bench.arguments("run", kRun));
    const std::uintmax_t before = metrics_bytes(run);
    const auto moment = [&]() -> bool {
      if (i == 0) return fs::exists(run / "config.toml");             // before the first step
      if (i % 2 == 1) return writes_checkpoint(run);                  // while a checkpoint is written
      return metrics_bytes(run) != before && metrics_bytes(run) > 0;  // after a step was logged
    };
    if (!wait_until(program, moment)) break;
    usleep(static_cast<useconds_t>(i / 2 * 500));  // not always at the beginning of the write
    program.send(SIGKILL);
    kills += program.wait().signal == SIGKILL ? 1 : 0;
    kills_in_checkpoint += writes_checkpoint(run) ? 1 : 0;
  }
  CHECK(kills >= 5);
  CHECK(kills_in_checkpoint >= 1);
  result(bench.pretrain("run", kRun));
  CHECK(same_tensors(run, bench / "whole"));
  CHECK(recorded(run) == recorded(bench / "whole"));
  CHECK_FALSE(has_leftovers(run));
}

TEST_CASE("pretrain: a killed run resumes to the same draws, schedules, queue and averages") {
  const Workbench bench;
  const Strings joint{"--set", "model.bn_per_view=off"};
  const std::vector<Strings> all = {
      {"--loss", "swd", "--prior", "cube"},
      {"--loss", "sigreg", "--set", "loss.slices=32"},
      {"--loss", "visreg", "--set", "loss.slices=32"},
      {"--loss", "decoupled", "--set", "loss.temperature_schedule=cosine", "--set", "loss.temperature_period=2"},
      {"--objective", "queue", "--set", "queue.size=256", "--set", "queue.batch_norm_groups=4", joint[0], joint[1]},
      {"--objective", "byol", "--set", "momentum_encoder.schedule=cosine"},
      {"--objective", "supervised", joint[0], joint[1]}};
  for (const Strings& chosen : all) {
    const std::string& name = chosen[1];
    CAPTURE(name);
    Strings arguments = kRun;
    arguments.insert(arguments.end(), chosen.begin(), chosen.end());
    result(bench.pretrain("whole-" + name, arguments));
    const fs::path run = bench / name;
    Program program(PRETRAIN, bench.arguments(name, arguments));
    REQUIRE(wait_until(program, [&] { return fs::exists(run / "checkpoints/latest"); }));
    program.send(SIGKILL);
    CHECK(program.wait().signal == SIGKILL);
    result(bench.pretrain(name, arguments));
    CHECK(same_tensors(run, bench / ("whole-" + name)));
  }
}

TEST_CASE("pretrain: a killed vae draws the same noise after it resumes, and its pictures are the same files") {
  const Workbench bench;
  const Strings arguments{"--epochs",     "4", "--objective", "vae", "--bits", "3",
                          "--eval-every", "1", "--resume",    "auto"};
  const auto pictures = [](const fs::path& run) {
    std::map<std::string, std::string> files;
    for (const std::string& name : names(run / "samples")) files[name] = engine::read_file(run / "samples" / name);
    return files;
  };
  result(bench.pretrain("whole", arguments));
  CHECK(pictures(bench / "whole").size() == 4);
  const fs::path run = bench / "run";
  for (const char* begun : {"samples", "checkpoints/latest"}) {
    Program program(PRETRAIN, bench.arguments("run", arguments));
    REQUIRE(wait_until(program, [&] { return fs::exists(run / begun); }));
    program.send(SIGKILL);
    CHECK(program.wait().signal == SIGKILL);
  }
  result(bench.pretrain("run", arguments));
  CHECK(same_tensors(run, bench / "whole"));
  CHECK(recorded(run) == recorded(bench / "whole"));
  CHECK(pictures(run) == pictures(bench / "whole"));
  CHECK_FALSE(has_leftovers(run));
}

TEST_CASE("pretrain: with every optimizer a killed run resumes to the same bytes") {
  const Workbench bench;
  for (const std::string name : {"sgd", "lars"}) {
    CAPTURE(name);
    Strings arguments = kRun;
    for (const char* more : {"--lr", "0.1", "--wd", "1e-4", "--warmup-epochs", "1", "--schedule", "cosine"})
      arguments.emplace_back(more);
    arguments.insert(arguments.end(), {"--optimizer", name, "--set", "train.steps_from_epochs=simclr"});
    CHECK(result(bench.pretrain("whole-" + name, arguments)).at("step") == 33);
    const fs::path run = bench / name;
    Program program(PRETRAIN, bench.arguments(name, arguments));
    REQUIRE(wait_until(program, [&] { return fs::exists(run / "checkpoints/latest"); }));
    program.send(SIGKILL);
    CHECK(program.wait().signal == SIGKILL);
    CHECK(result(bench.pretrain(name, arguments)).at("step") == 33);
    CHECK(same_tensors(run, bench / ("whole-" + name)));
    CHECK(recorded(run) == recorded(bench / ("whole-" + name)));
  }
  CHECK_FALSE(same_tensors(bench / "sgd", bench / "lars"));
}

TEST_CASE("pretrain: each signal that asks to stop gives a checkpoint and exit 75, and resuming the same bytes") {
  const Workbench bench;
  result(bench.pretrain("whole", kRun));
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    CAPTURE(signal);
    const std::string name = "run" + std::to_string(signal);
    const fs::path run = bench / name;
    Program program(PRETRAIN, bench.arguments(name, kRun));
    REQUIRE(wait_until(program, [&] { return metrics_bytes(run) > 0; }));
    program.send(signal);
    const Ended stopped = program.wait();
    REQUIRE(stopped.exit_code == 75);
    CHECK(stopped.out.empty());
    CHECK(stopped.err.find("go on with --resume " + run.string()) != std::string::npos);
    CHECK(stopped.err.find("error") == std::string::npos);
    CHECK(engine::read_file(run / "train.log").find(": stopped after step ") != std::string::npos);
    const Ended resumed = Workbench::plain_pretrain({"--resume", run.string()});
    CHECK(result(resumed).at("step") == 32);
    CHECK(same_tensors(run, bench / "whole"));
    CHECK(recorded(run) == recorded(bench / "whole"));
  }
}

TEST_CASE("pretrain: a signal while the data is read stops the run after its first step, with a checkpoint") {
  const Workbench bench;
  result(bench.pretrain("whole", kRun));
  const ReadHeldBack data(bench.data() / "train-images-idx3-ubyte");
  if (!data.holds()) {
    MESSAGE("[skipped] this file system grants no leases");
    return;
  }
  Program program(PRETRAIN, bench.arguments("run", kRun));
  REQUIRE(wait_until(program, [&] { return data.wanted(); }));
  program.send(SIGTERM);
  data.release();
  const Ended stopped = program.wait();
  CHECK(stopped.exit_code == 75);
  CHECK(stopped.err.find("stopped by SIGTERM after step 1 of 32") != std::string::npos);
  CHECK(latest_checkpoint(bench / "run").filename() == "step_00000001");
  result(bench.pretrain("run", kRun));
  CHECK(same_tensors(bench / "run", bench / "whole"));
}

TEST_CASE("pretrain: a finished run resumes to nothing but its result and its exports") {
  const Workbench bench;
  const auto first = result(bench.pretrain("run"));
  const fs::path run = bench / "run";
  const std::string metrics = engine::read_file(run / "metrics.jsonl");
  fs::remove_all(run / "export");  // as if killed before the export
  const auto again = result(bench.pretrain("run", {"--resume", "auto"}));
  CHECK(again.at("step") == 16);
  CHECK(again.at("loss") == first.at("loss"));
  CHECK(again.at("probe_test_accuracy") == first.at("probe_test_accuracy"));
  CHECK(engine::read_file(run / "metrics.jsonl") == metrics);
  CHECK(names(run / "export").size() == 4);
}

TEST_CASE("pretrain: more epochs extend a run, a decaying rate is laid out anew over all of its steps") {
  const Workbench bench;
  result(bench.pretrain("whole", {"--epochs", "3"}));
  result(bench.pretrain("run", {"--epochs", "1"}));
  const Ended constant = bench.pretrain("run", {"--epochs", "3", "--resume", "auto"});
  CHECK(result(constant).at("step") == 24);
  CHECK(constant.err.find("warning") == std::string::npos);  // the rate never changes
  CHECK(same_tensors(bench / "run", bench / "whole"));

  result(bench.pretrain("cosine", {"--schedule", "cosine"}));
  const Ended longer = bench.pretrain("cosine", {"--resume", "auto", "--epochs", "3"});
  CHECK(result(longer).at("step") == 24);
  const std::string warning =
      "warning: the schedule is now for 24 steps instead of 16, and the learning rate of step 17 is 2.50e-04; it would "
      "have been 0.00e+00";
  CHECK(longer.err.find("pretrain: " + warning + "\n") != std::string::npos);
  CHECK(engine::read_file(bench / "cosine/train.log").find(warning) != std::string::npos);
}

TEST_CASE("pretrain: resuming with a changed field is refused with the differences, and changes nothing") {
  const Workbench bench;
  result(bench.pretrain("run"));
  const std::string config = engine::read_file(bench / "run/config.toml");
  const Ended refused = bench.pretrain("run", {"--resume", "auto", "--lr", "0.5", "--seed", "9", "--workers", "4"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("\n  optim.lr: 0.001 -> 0.5\n  train.seed: 1 -> 9\n") != std::string::npos);
  CHECK(refused.err.find("workers:") == std::string::npos);
  CHECK(engine::read_file(bench / "run/config.toml") == config);
}

TEST_CASE("pretrain: with --threads 0 a resumed run keeps the number it began with") {
  const Workbench bench;
  const Strings automatic{"--threads", "0", "--epochs", "1"};
  result(bench.pretrain("run", automatic, {.one_processor = true}));
  const auto threads = [&] {
    return nlohmann::json::parse(engine::read_file(bench / "run/env.json")).at("threads").get<int>();
  };
  REQUIRE(threads() == 1);
  result(bench.pretrain("run", {"--threads", "0", "--epochs", "2", "--resume", "auto"}));  // on all processors
  CHECK(threads() == 1);
}

TEST_CASE("pretrain: killed between its last checkpoint and its result, a run still ends with that result") {
  const Workbench bench;
  const fs::path run = bench / "run";
  auto first = result(bench.pretrain("run", {"--keep", "2"}));
  const std::string metrics = engine::read_file(run / "metrics.jsonl");
  fs::remove(run / "result.json");
  // The files that a kill at the worst moments leaves.
  write_plain(run / "result.json.tmp", "{");
  write_plain(run / "checkpoints/latest", "step_00000008\n");
  fs::create_directories(run / "checkpoints/step_00000001.old.tmp");
  fs::create_directories(run / "checkpoints/step_00000017.tmp");
  write_plain(run / "export/backbone.safetensors.tmp", "");
  fs::remove(run / "export/projector.safetensors");
  bool evaluated = true;
  SUBCASE("after its evaluation") {}
  SUBCASE("before its evaluation, as a signal leaves it") {
    evaluated = false;
    const auto last_line = metrics.rfind('\n', metrics.size() - 2) + 1;
    REQUIRE(metrics.substr(last_line).find("\"eval\"") != metrics.npos);
    write_plain(run / "metrics.jsonl", metrics.substr(0, last_line));
  }
  auto again = result(bench.pretrain("run", {"--resume", "auto"}));
  for (auto* line : {&first, &again}) line->erase("seconds");
  CHECK(again == first);
  auto kept = nlohmann::json::parse(engine::read_file(run / "result.json"));
  CHECK(kept.at("loss") == first.at("loss"));
  CHECK(kept.at("loss").is_number());
  CHECK(latest_checkpoint(run).filename() == "step_00000016");
  CHECK(names(run / "checkpoints") == Strings{"latest", "step_00000008", "step_00000016"});
  CHECK(names(run / "export").size() == 4);
  CHECK_FALSE(has_leftovers(run));
  CHECK(recorded(run).size() == 8);
  CHECK(tests::metrics(run).back().at("probe_acc") == first.at("probe_test_accuracy"));
  if (evaluated) CHECK(engine::read_file(run / "metrics.jsonl") == metrics);
}

TEST_CASE("pretrain: a signal in an evaluation gives it up for a checkpoint, and the resumed run begins with it") {
  const Workbench bench;
  // One epoch of 8 steps and an evaluation of 512 images at its end, four times.
  const Strings evaluating{"--epochs", "4", "--eval-every", "1", "--resume", "auto"};
  result(bench.pretrain("whole", evaluating));
  const fs::path run = bench / "run";
  int given_up = 0;
  for (int i = 0; i < 12; ++i) {
    Program program(PRETRAIN, bench.arguments("run", evaluating));
    const std::uintmax_t before = metrics_bytes(run);
    const auto epoch_recorded = [&] {
      const std::uintmax_t bytes = metrics_bytes(run);
      if (bytes == before || bytes == 0) return false;
      const Strings steps = recorded_so_far(run);
      return !steps.empty() && steps.back().starts_with("train") && std::stoi(steps.back().substr(6)) % 8 == 0;
    };
    if (!wait_until(program, epoch_recorded)) {
      program.wait();
      break;
    }
    program.send(SIGTERM);
    const Ended stopped = program.wait();
    REQUIRE_MESSAGE((stopped.exit_code == 75 || stopped.exit_code == 0), stopped.err);
    if (stopped.exit_code == 0) break;
    const std::string last = recorded(run).back();
    given_up += last.starts_with("train") && std::stoi(last.substr(6)) % 8 == 0;
  }
  result(bench.pretrain("run", evaluating));
  CHECK(given_up >= 1);
  CHECK(same_tensors(run, bench / "whole"));
  CHECK(recorded(run) == recorded(bench / "whole"));
  const auto accuracies = [](const fs::path& of) {
    Strings all;
    for (const auto& record : metrics(of)) {
      if (record.at("phase") == "eval") all.push_back(record.at("probe_acc").dump());
    }
    return all;
  };
  CHECK(accuracies(run) == accuracies(bench / "whole"));
  CHECK(accuracies(run).size() == 4);
}

TEST_CASE("pretrain: data may move, and may not change") {
  const Workbench bench;
  result(bench.pretrain("whole", {"--epochs", "3"}));
  result(bench.pretrain("run", {"--epochs", "1"}));
  const fs::path run = bench / "run", moved = bench / "moved";
  fs::rename(bench.data(), moved);
  CHECK(bench.pretrain("run", {"--resume", "auto"}).exit_code == 3);  // the data is not there any more
  const std::string config = engine::read_file(run / "config.toml");
  const auto from_there = [&](const std::string& epochs) {
    return bench.pretrain("run", {"--resume", "auto", "--data", "mnist:" + moved.string(), "--epochs", epochs});
  };
  CHECK(result(from_there("2")).at("step") == 16);
  CHECK(source_line(engine::read_file(run / "config.toml")) == source_line(config));  // the place where the run began

  // One pixel or one label differs.
  for (const char* file : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"}) {
    CAPTURE(file);
    const std::string before = engine::read_file(moved / file);
    std::string bytes = before;
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_plain(moved / file, bytes);
    const std::string kept = engine::read_file(run / "config.toml"), log = engine::read_file(run / "train.log");
    const Ended refused = from_there("3");
    CHECK(refused.exit_code == 3);
    CHECK(complaint(refused).starts_with("mnist:" + moved.string() + " is not the data that the run in " +
                                         run.string() + " began with"));
    CHECK(engine::read_file(run / "config.toml") == kept);
    CHECK(engine::read_file(run / "train.log") == log);
    write_plain(moved / file, before);
  }
  fs::remove(run / "data.json");  // the checkpoint also has the hash
  const std::string labels = engine::read_file(moved / "train-labels-idx1-ubyte");
  write_plain(moved / "train-labels-idx1-ubyte",
              labels.substr(0, labels.size() - 1) + static_cast<char>(labels.back() ^ 1));
  CHECK(from_there("3").exit_code == 3);
  write_plain(moved / "train-labels-idx1-ubyte", labels);
  CHECK(result(from_there("3")).at("step") == 24);
  CHECK(same_tensors(run, bench / "whole"));
}

TEST_CASE("pretrain: a run of a version that stored no fingerprint of its data goes on, and says so") {
  const Workbench bench;
  result(bench.pretrain("run", {"--epochs", "1"}));
  const fs::path run = bench / "run", state = latest_checkpoint(run) / "state.json";
  fs::remove(run / "data.json");
  auto json = nlohmann::ordered_json::parse(engine::read_file(state));
  for (const char* key : {"loss", "data", "state_sha256"}) json.erase(key);
  json["format_version"] = 1;
  write_plain(state, json.dump(2) + "\n");
  CHECK(result(bench.pretrain("run", {"--resume", "auto"})).at("step") == 16);
  CHECK(engine::read_file(run / "train.log").find(" this run has no fingerprint of its data (") != std::string::npos);
  CHECK(fs::exists(run / "data.json"));
}

TEST_CASE("pretrain: a state that was edited is exit 3, and changes nothing") {
  const Workbench bench;
  result(bench.pretrain("run"));
  const fs::path state = latest_checkpoint(bench / "run") / "state.json";
  std::string text = engine::read_file(state);
  text.replace(text.find("\"step\": 16"), 10, "\"step\": 15");
  write_plain(state, text);
  const std::string log = engine::read_file(bench / "run/train.log");
  const Ended refused = bench.pretrain("run", {"--resume", "auto", "--epochs", "3"});
  CHECK(refused.exit_code == 3);
  CHECK(complaint(refused).find("was changed since it was written") != std::string::npos);
  CHECK(engine::read_file(bench / "run/train.log") == log);
}
