// However `pretrain` is stopped, going on with --resume must end with the bytes of a run that was left alone.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "engine/io/files.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

const Strings kRun{"--epochs", "4",   "--set", "model.bn_per_view=on", "--bits", "3", "--set", "data.bits_per_fetch=on",
                   "--resume", "auto"};

bool writes_checkpoint(const fs::path& run) {
  std::error_code error;  // what is listed may vanish meanwhile
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

/// Waits until `reached`; false when the program ended before.
template <class Condition>
bool wait_until(Program& program, Condition&& reached) {
  while (program.running()) {
    if (reached()) return true;
    usleep(200);
  }
  return false;
}

/// A file that a program which opens it must wait for: a lease is held on it.
class ReadHeldBack {
 public:
  explicit ReadHeldBack(const fs::path& path) : file_(open(path.c_str(), O_RDWR | O_CLOEXEC)) {
    REQUIRE(file_ >= 0);
    signal(SIGIO, SIG_IGN);  // tells that the file is wanted, and would end this process
    fcntl(file_, F_SETLEASE, F_WRLCK);
  }
  ~ReadHeldBack() { close(file_); }
  ReadHeldBack(const ReadHeldBack&) = delete;
  ReadHeldBack& operator=(const ReadHeldBack&) = delete;

  bool holds() const { return fcntl(file_, F_GETLEASE) == F_WRLCK; }
  /// Whether a program waits for it.
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
      if (i % 2 == 1) return writes_checkpoint(run);                  // in a checkpoint
      return metrics_bytes(run) != before && metrics_bytes(run) > 0;  // after a step was logged
    };
    if (!wait_until(program, moment)) break;
    usleep(static_cast<useconds_t>(i / 2 * 500));  // not always at the beginning of it
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
  fs::remove_all(run / "export");  // killed before it came to them
  const auto again = result(bench.pretrain("run", {"--resume", "auto"}));
  CHECK(again.at("step") == 16);
  CHECK(again.at("loss").is_null());
  CHECK(again.at("probe_test_accuracy") == first.at("probe_test_accuracy"));
  CHECK(engine::read_file(run / "metrics.jsonl") == metrics);
  CHECK(names(run / "export").size() == 4);
}

TEST_CASE("pretrain: more epochs extend a run, a decaying rate is laid out anew over all of its steps") {
  const Workbench bench;
  result(bench.pretrain("whole", {"--epochs", "3"}));
  result(bench.pretrain("run", {"--epochs", "1"}));
  CHECK(result(bench.pretrain("run", {"--epochs", "3", "--resume", "auto"})).at("step") == 24);
  CHECK(same_tensors(bench / "run", bench / "whole"));

  result(bench.pretrain("cosine", {"--schedule", "cosine"}));
  CHECK(result(bench.pretrain("cosine", {"--resume", "auto", "--epochs", "3"})).at("step") == 24);
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

TEST_CASE("pretrain: other data than the run began with is refused") {
  const Workbench bench;
  result(bench.pretrain("run", {"--epochs", "1"}));
  for (const char* file : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}) {
    fs::copy_file(bench.data() / (std::string("t10k") + (file + 5)), bench.data() / file,
                  fs::copy_options::overwrite_existing);
  }
  const Ended refused = bench.pretrain("run", {"--resume", "auto"});
  CHECK(refused.exit_code == 3);
  CHECK(complaint(refused).find("resume with the data that the run began with") != std::string::npos);
}
