#include "apps/train/plans.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/run/exit_code.h"
#include "engine/io/files.h"
#include "engine/ops/conv2d.h"
#include "kernels/context.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"
#include "tests/numeric.h"

using namespace apps;
namespace fs = std::filesystem;

namespace {

constexpr const char* kProblem = "conv2d_forward x=8x28x28x32 weight=64x3x3x32 stride=1 pad=1";

/// Sets a new cache directory for the user, for one test.
class MachineCache {
 public:
  explicit MachineCache(const fs::path& path) : before_(std::getenv("XDG_CACHE_HOME")) {
    setenv("XDG_CACHE_HOME", path.c_str(), 1);
  }
  MachineCache(const MachineCache&) = delete;
  MachineCache& operator=(const MachineCache&) = delete;
  ~MachineCache() { setenv("XDG_CACHE_HOME", before_.c_str(), 1); }

 private:
  std::string before_;
};

engine::Context context(int threads = 1) { return kernels::make_context({.device = {}, .threads = threads}); }

/// Computes a convolution that is large enough to be timed.
void convolve(const engine::Context& on) {
  engine::conv2d(tests::random_tensor(on, {8, 28, 28, 32}, 1), tests::random_tensor(on, {64, 3, 3, 32}, 2),
                 {.stride = 1, .pad = 1});
}

/// A model of GPU without memory that computes nothing.
class ModelBackend final : public engine::Backend {
 public:
  explicit ModelBackend(std::string model) : model_(std::move(model)) {}
  engine::Device device() const override { return {engine::DeviceKind::cuda, 0}; }
  std::string model() const override { return model_; }
  void* allocate(std::size_t) override { return nullptr; }
  void deallocate(void*, std::size_t) noexcept override {}
  std::size_t free_bytes() const override { return 0; }
  void copy(void*, const void*, std::size_t, engine::CopyKind) override {}
  std::unique_ptr<engine::Readback> read(const void*, std::size_t) override { return nullptr; }
  void fill_zero(void*, std::size_t) override {}
  void synchronize() override {}

 private:
  std::string model_;
};

/// The only plans file in the cache.
fs::path machine_file(const fs::path& cache) {
  for (const auto& entry : fs::directory_iterator(cache / "antipode"))
    if (entry.path().extension() == ".json") return entry.path();
  return {};
}

/// Replaces a choice in a plans file.
void change(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = engine::read_file(file);
  const std::size_t at = text.find("\": \"" + from);
  REQUIRE(at != text.npos);
  text.replace(at + 4, from.size(), to);
  engine::atomic_write_file(file, text);
}

/// Times the convolution for a run that stores its plans; returns the fastest algorithm.
std::string time_for(const fs::path& run) {
  const engine::Context timed = context();
  Plans plans(timed, run, {});
  convolve(timed);
  plans.save();
  return timed.algorithms().used().at(kProblem);
}

/// Another algorithm for the convolution.
std::string another_than(const std::string& way) { return way == "blocked" ? "direct" : "blocked"; }

}  // namespace

TEST_CASE("plans: what was timed is kept with the run and on the machine, and taken up by both") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  for (const char* run : {"first", "second", "third"}) fs::create_directory(scratch / run);
  const engine::Context timed = context();
  Plans plans(timed, scratch / "first", {});
  plans.save();
  CHECK_FALSE(fs::exists(scratch / "first" / "plans.json"));  // nothing was timed yet
  convolve(timed);
  plans.save();
  const std::string way = timed.algorithms().used().at(kProblem);
  REQUIRE(fs::exists(scratch / "first" / "plans.json"));

  const std::string other = another_than(way);
  change(machine_file(scratch / "cache"), way, other);
  const engine::Context next = context();  // a new run uses the machine's choice
  Plans next_plans(next, scratch / "second", {});
  convolve(next);
  next_plans.save();
  CHECK(next.algorithms().used().at(kProblem) == other);
  CHECK(engine::read_file(scratch / "second" / "plans.json").find(other) != std::string::npos);

  const engine::Context resumed = context();  // a resumed run uses its own
  const Plans resumed_plans(resumed, scratch / "first", {});
  convolve(resumed);
  CHECK(resumed.algorithms().used().at(kProblem) == way);

  const engine::Context evaluating = context();
  take_up_plans(evaluating, scratch / "second");
  convolve(evaluating);
  CHECK(evaluating.algorithms().used().at(kProblem) == other);

  const engine::Context more_threads = context(2);  // another number of threads: nothing is valid
  take_up_plans(more_threads, scratch / "first");
  convolve(more_threads);
  CHECK(more_threads.algorithms().used().empty());
}

TEST_CASE("plans: a program without a run takes up the machine's, and hands on what it timed") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  const engine::Context first = context();
  take_up_plans_of_machine(first);  // there are none
  hand_on_plans_to_machine(first);
  CHECK_FALSE(fs::exists(scratch / "cache" / "antipode"));
  first.algorithms().time_new(true);
  convolve(first);
  hand_on_plans_to_machine(first);
  const std::string way = first.algorithms().used().at(kProblem), other = another_than(way);
  change(machine_file(scratch / "cache"), way, other);
  const engine::Context next = context();
  take_up_plans_of_machine(next);
  convolve(next);
  CHECK(next.algorithms().used().at(kProblem) == other);
}

TEST_CASE("plans: a run's damaged file is refused, the machine's is written anew") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  fs::create_directory(scratch / "run");
  time_for(scratch / "run");
  const fs::path file = machine_file(scratch / "cache");
  engine::atomic_write_file(file, "{");
  engine::atomic_write_file(scratch / "run" / "plans.json", "[]");
  const engine::Context on = context();
  const std::string message =
      (scratch / "run" / "plans.json").string() + " is not a file of plans; delete it to time them again";
  CHECK_THROWS_WITH_AS(Plans(on, scratch / "run", {}), message.c_str(), engine::DataError);

  fs::remove(scratch / "run" / "plans.json");
  Plans plans(on, scratch / "run", {});
  convolve(on);
  plans.save();
  CHECK(engine::read_file(file) == engine::read_file(scratch / "run" / "plans.json"));
}

TEST_CASE("plans: what this build cannot follow is passed over") {
  const ScratchDirectory scratch;
  for (const char* way : {"guessed", "winograd"}) {  // Winograd cannot compute strides
    CAPTURE(way);
    const MachineCache cache(scratch / way);
    fs::create_directories(scratch / way / "run");
    const auto strided = [](const engine::Context& on) {
      engine::conv2d(tests::random_tensor(on, {32, 28, 28, 32}, 1), tests::random_tensor(on, {64, 3, 3, 32}, 2),
                     {.stride = 2, .pad = 1});
    };
    constexpr const char* kStrided = "conv2d_forward x=32x28x28x32 weight=64x3x3x32 stride=2 pad=1";
    const engine::Context timed = context();
    Plans plans(timed, scratch / way / "run", {});
    strided(timed);
    plans.save();
    const std::string chosen = timed.algorithms().used().at(kStrided);
    for (const fs::path& file : {machine_file(scratch / way), scratch / way / "run" / "plans.json"})
      change(file, chosen, way);

    const engine::Context again = context();
    const Plans resumed(again, scratch / way / "run", {});
    strided(again);
    CHECK(again.algorithms().used().at(kStrided) != way);
  }
}

TEST_CASE("plans: those of a GPU hold for its model") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  fs::create_directory(scratch / "run");
  const engine::AlgorithmCache::Names algorithms{{"a problem", "an algorithm"}};
  const auto find = [](const engine::Context& on) {
    return on.algorithms().find(
        "a problem", [](const std::string&) { return true; }, [] { return "an algorithm"; });
  };
  {
    const engine::Context large(std::make_unique<ModelBackend>("large"), 1);
    Plans plans(large, scratch / "run", {});
    find(large);
    plans.save();
  }
  for (const int threads : {1, 2}) {  // of the host, which does not compute
    const engine::Context large(std::make_unique<ModelBackend>("large"), threads);
    take_up_plans(large, scratch / "run");
    find(large);
    CHECK(large.algorithms().used() == algorithms);
  }
  const engine::Context small(std::make_unique<ModelBackend>("small"), 1);
  take_up_plans(small, scratch / "run");
  CHECK_FALSE(find(small));
}

TEST_CASE("plans: a machine without a place to keep them times again") {
  const ScratchDirectory scratch;
  fs::create_directory(scratch / "run");
  std::ofstream(scratch / "file") << "in the way";
  fs::create_symlink(scratch / "loop", scratch / "loop");
  for (const char* nowhere : {"file", "loop"}) {
    const MachineCache cache(scratch / nowhere);
    fs::remove(scratch / "run" / "plans.json");
    const engine::Context on = context();
    Plans plans(on, scratch / "run", {});
    convolve(on);
    plans.save();
    CHECK(fs::exists(scratch / "run" / "plans.json"));
  }
}

TEST_CASE("plans: off goes by the fixed rule, and neither reads nor writes anything") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  for (const char* run : {"timed", "off", "again"}) fs::create_directory(scratch / run);
  const auto run = [&](const char* name, const std::string& source) {
    const engine::Context on = context();
    Plans plans(on, scratch / name, {.source = *PlanSource::parse(source)});
    convolve(on);
    plans.save();
    return on.algorithms().used();
  };
  CHECK(run("off", "off").empty());
  CHECK_FALSE(fs::exists(scratch / "off" / "plans.json"));
  CHECK_FALSE(fs::exists(scratch / "cache"));
  CHECK_FALSE(run("timed", "timed").empty());
  CHECK(run("again", "off").empty());  // whatever the machine's cache has
}

TEST_CASE("plans: those of another run are taken up whole, and nothing else is timed or looked up") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  for (const char* run : {"first", "second"}) fs::create_directory(scratch / run);
  const fs::path file = scratch / "first" / "plans.json", own = scratch / "second" / "plans.json";
  const std::string way = time_for(scratch / "first");
  change(file, way, another_than(way));
  const auto strided = [](const engine::Context& on) {
    engine::conv2d(tests::random_tensor(on, {32, 28, 28, 32}, 1), tests::random_tensor(on, {64, 3, 3, 32}, 2),
                   {.stride = 2, .pad = 1});
  };
  const std::string cached = engine::read_file(machine_file(scratch / "cache"));
  for (const bool resumed : {false, true}) {  // the resumed run has its own plans
    const engine::Context on = context();
    check_plans(on, *PlanSource::parse(file.string()), resumed ? scratch / "second" : fs::path());
    Plans plans(on, scratch / "second", {.source = *PlanSource::parse(file.string())});
    CHECK(engine::read_file(own) == engine::read_file(scratch / (resumed ? "moved.json" : "first/plans.json")));
    strided(on);
    CHECK(on.algorithms().used().empty());
    convolve(on);
    plans.save();
    CHECK(on.algorithms().used().size() == 1);
    CHECK(engine::read_file(machine_file(scratch / "cache")) == cached);
    if (!resumed) fs::rename(file, scratch / "moved.json");
  }
}

TEST_CASE("plans: a file that is none, or does not hold here, is refused") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  fs::create_directory(scratch / "run");
  time_for(scratch / "run");
  const fs::path file = scratch / "run" / "plans.json";
  const auto refused = [&](const engine::Context& on, const fs::path& path) {
    return message_of<UsageError>([&] { check_plans(on, *PlanSource::parse(path.string()), {}); });
  };
  const std::string must = "--plans must be timed, off or the plans.json of a run, and ";
  CHECK(refused(context(), scratch / "no") == must + "there is no file " + (scratch / "no").string());
  CHECK(refused(context(), scratch / "run") == must + (scratch / "run").string() + " is not a file, but a directory");
  CHECK(refused(context(2), file) ==
        "--plans " + file.string() +
            " does not hold here (threads: 1, here 2); use plans of this build, processor and "
            "number of threads, or --plans timed");
  engine::atomic_write_file(file, R"({"made_for": 3, "choices": {}})");
  CHECK(refused(context(), file).find("does not hold here (it does not say for what they were made)") !=
        std::string::npos);
  engine::atomic_write_file(file, "{}");
  const engine::Context on = context();
  CHECK(message_of<engine::DataError>([&] { check_plans(on, *PlanSource::parse(file.string()), {}); }) ==
        must + file.string() + " holds no plans");
  CHECK_THROWS_AS(Plans(on, scratch / "new", {.source = *PlanSource::parse(file.string())}), engine::DataError);
  for (const char* source : {"timed", "off"}) CHECK_NOTHROW(check_plans(on, *PlanSource::parse(source), {}));
}

TEST_CASE("plans: while another run times they wait, and then know what it has found") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  for (const char* run : {"first", "second", "third"}) fs::create_directory(scratch / run);
  const std::string way = time_for(scratch / "first");
  const auto text = engine::read_file(scratch / "first" / "plans.json");
  MachinePlans other(nlohmann::ordered_json::parse(text).at("made_for").dump());
  CHECK(other.read().at(kProblem) == way);
  fs::remove(machine_file(scratch / "cache"));
  REQUIRE(other.try_lock());
  std::atomic<bool> waits = false;
  std::string said;
  const auto log = [&](std::string_view message) {
    said += message;
    waits = true;
  };
  const std::string otherwise = another_than(way);
  std::thread another([&] {
    while (!waits) std::this_thread::yield();
    other.add({{kProblem, otherwise}});
    other.unlock();
  });
  const engine::Context on = context();
  Plans plans(on, scratch / "second", {.log = log});
  convolve(on);
  another.join();
  CHECK(on.algorithms().used().at(kProblem) == otherwise);
  CHECK(said == "another run on this machine is timing algorithms: waiting for it, 180 s at most");
  CHECK_FALSE(other.try_lock());  // this step may still find new problems
  plans.save();
  CHECK(other.try_lock());

  fs::remove(machine_file(scratch / "cache"));
  said.clear();
  const engine::Context impatient = context();
  Plans own(impatient, scratch / "third", {.log = log, .patience = std::chrono::milliseconds(0)});
  convolve(impatient);
  own.save();
  CHECK(said.find("another run was timing algorithms for ") != said.npos);
  CHECK(said.find("timing beside it") != said.npos);
  CHECK(impatient.algorithms().used().contains(kProblem));
  CHECK(other.read().empty());  // without the lock, nothing is written
}

TEST_CASE("plans: what killed runs left in the cache is cleared, and what others write is not") {
  const ScratchDirectory scratch;
  const MachineCache cache(scratch / "cache");
  fs::create_directory(scratch / "run");
  fs::create_directories(scratch / "cache/antipode");
  const std::string dead = "plans-0123456789abcdef.json.2147483646", alive = "plans-0.json." + std::to_string(getpid());
  for (const std::string& name : {dead, dead + ".tmp", alive, std::string("plans-1.json"), std::string("notes.txt")})
    engine::atomic_write_file(scratch / "cache/antipode" / name, "");
  time_for(scratch / "run");
  const auto there = [&](const std::string& name) { return fs::exists(scratch / "cache/antipode" / name); };
  CHECK_FALSE(there(dead));
  CHECK_FALSE(there(dead + ".tmp"));
  CHECK(there(alive));
  CHECK(there("plans-1.json"));
  CHECK(there("notes.txt"));
}
