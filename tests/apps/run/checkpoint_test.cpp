#include "apps/run/checkpoint.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "engine/io/files.h"
#include "engine/io/safetensors.h"
#include "kernels/runtime/error.h"
#include "tests/apps/run/syscall_fault.h"
#include "tests/engine/io/file_size_limit.h"
#include "tests/engine/io/message_of.h"
#include "tests/engine/io/scratch_directory.h"

using apps::Checkpoints;
using apps::TrainingState;
using engine::read_file;
namespace fs = std::filesystem;

namespace {

TrainingState state_at(std::int64_t step) {
  return {.step = step, .epoch = step / 10, .cursor = step % 10 * 256, .seed = 7, .threads = 2, .world_size = 1};
}

/// Writes two files of tensors whose contents depend on the step.
void write_tensors(const fs::path& directory, std::int64_t step, std::size_t bytes = 64) {
  const std::vector<std::byte> data(bytes, static_cast<std::byte>(step));
  const std::vector<engine::StoredTensor> tensors = {
      {"w", engine::StoredType::u8, {static_cast<std::int64_t>(bytes)}, data}};
  engine::save_safetensors(directory / "model.safetensors", tensors);
  engine::save_safetensors(directory / "optimizer.safetensors", tensors);
}

fs::path save(Checkpoints& checkpoints, std::int64_t step) {
  return checkpoints.save(state_at(step), [&](const fs::path& directory) { write_tensors(directory, step); });
}

std::vector<std::string> names(const fs::path& directory) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(directory)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

using Names = std::vector<std::string>;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  REQUIRE(text.find(from) != text.npos);
  return text.replace(text.find(from), from.size(), to);
}

std::string refusal(const std::string& text) {
  return message_of<engine::Error>([&] { apps::parse_state(text, "state.json"); });
}

}  // namespace

TEST_CASE("checkpoint: what is saved is found, with its state and hashes") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 3);
  CHECK_FALSE(checkpoints.newest());
  const fs::path path = save(checkpoints, 12'000);
  CHECK(path == scratch / "checkpoints/step_00012000");
  CHECK(names(path) == Names{"DONE", "model.safetensors", "optimizer.safetensors", "state.json"});
  CHECK(read_file(scratch / "checkpoints/latest") == "step_00012000\n");
  const auto newest = checkpoints.newest();
  REQUIRE(newest);
  CHECK(newest->directory == path);
  CHECK(newest->state == state_at(12'000));
  CHECK(newest->sha256.size() == 2);
}

TEST_CASE("checkpoint: the state keeps the loss and the data, and knows when it was changed") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 3);
  TrainingState state = state_at(12);
  state.loss = 4.131200790405273;
  state.data = {.train = "aa", .test = "bb"};
  const fs::path path = checkpoints.save(state, [](const fs::path& directory) { write_tensors(directory, 12); });
  const std::string text = read_file(path / "state.json");
  CHECK(apps::parse_state(text, "state.json").state == state);

  const std::string changed = "state.json was changed since it was written: it is not what its state_sha256 stands for";
  CHECK(refusal(replaced(text, "\"step\": 12", "\"step\": 13")) == changed);
  CHECK(refusal(replaced(text, "\"cursor\": 512", "\"cursor\": 0")) == changed);
  CHECK(refusal(replaced(text, "\"threads\": 2", "\"threads\": 1")) == changed);
  CHECK(refusal(replaced(text, "\"loss\": 4.1", "\"loss\": 4.2")) == changed);
  CHECK(refusal(replaced(text, "\"aa\"", "\"ab\"")) == changed);
  CHECK(refusal(text + " ") == changed);
  // Leaving out the hashes is refused, too.
  const auto list = text.find("\"sha256\": {") + 11, end = text.find('}', list);
  const std::string without = text.substr(0, list) + text.substr(end);
  CHECK(refusal(without) == changed);
  CHECK(refusal(replaced(without, "\"format_version\": 2", "\"format_version\": 1")) ==
        "state.json has no SHA-256 of model.safetensors");
}

TEST_CASE("checkpoint: numbers that no run has are refused before anybody counts on them") {
  const auto state = [](const std::string& key, const std::string& value) {
    std::string text = R"({"format_version":1,"step":5,"epoch":0,"cursor":0,"seed":1,"threads":2,"world_size":1,)"
                       R"("sha256":{"model.safetensors":"x","optimizer.safetensors":"y"}})";
    const auto at = text.find("\"" + key + "\":") + key.size() + 3;
    return text.replace(at, text.find_first_of(",}", at) - at, value);
  };
  // Format 1, of earlier versions, can be read.
  CHECK(apps::parse_state(state("step", "7"), "state.json").state.step == 7);
  CHECK_FALSE(apps::parse_state(state("step", "7"), "state.json").state.data);
  CHECK(refusal(state("threads", "100000")) == "state.json: threads must be a whole number from 1 to 4096, got 100000");
  CHECK(refusal(state("threads", "0")).find("threads must be ") != std::string::npos);
  CHECK(refusal(state("step", "-1")) == "state.json: step must be a whole number from 0 to 1000000000, got -1");
  CHECK(refusal(state("step", "1000000001")).find("step must be ") != std::string::npos);
  CHECK(refusal(state("epoch", "-5")).find("epoch must be ") != std::string::npos);
  CHECK(refusal(state("cursor", "-5")).find("cursor must be ") != std::string::npos);
  CHECK(refusal(state("seed", "-5")).find("seed must be ") != std::string::npos);
  CHECK(refusal(state("world_size", "0")) == "state.json: world_size must be a whole number from 1 to 1048576, got 0");
  CHECK(refusal(state("sha256", R"({"model.safetensors":"x","optimizer.safetensors":"y","../../secret":"z"})")) ==
        "state.json is not the state of a checkpoint");
}

TEST_CASE("checkpoint: tidying brings what a kill left to what an undisturbed save leaves") {
  const ScratchDirectory scratch;
  Checkpoints(scratch.path(), 9).tidy();  // no checkpoint yet
  Checkpoints checkpoints(scratch.path(), 9);
  for (const std::int64_t step : {1, 2, 3, 4}) save(checkpoints, step);
  const fs::path directory = scratch / "checkpoints";
  fs::create_directories(directory / "step_00000005.tmp");
  fs::create_directories(directory / "step_00000001.old.tmp");
  engine::atomic_write_file(directory / "latest.tmp", "st");
  engine::atomic_write_file(directory / "latest", "step_00000003\n");
  Checkpoints(scratch.path(), 2).tidy();
  CHECK(names(directory) == Names{"latest", "step_00000003", "step_00000004"});
  CHECK(read_file(directory / "latest") == "step_00000004\n");
}

TEST_CASE("checkpoint: a run directory that was removed is not made anew") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch / "run", 2);
  CHECK(message_of<engine::Error>([&] {
          save(checkpoints, 1);
        }).starts_with("the checkpoint of step 1 was not written: cannot create directory "));
  CHECK_FALSE(fs::exists(scratch / "run"));
}

TEST_CASE("checkpoint: only the newest are kept, by step and not by name") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 2);
  for (const std::int64_t step : {1, 2, 99'999'999, 100'000'000}) save(checkpoints, step);
  CHECK(names(scratch / "checkpoints") == Names{"latest", "step_100000000", "step_99999999"});
  CHECK(checkpoints.newest()->state.step == 100'000'000);
  CHECK(message_of<engine::Error>([&] { Checkpoints(scratch.path(), 0); }) ==
        "the number of checkpoints to keep must be at least 1, got 0");
}

TEST_CASE("checkpoint: saving a step again replaces it") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 2);
  save(checkpoints, 5);
  checkpoints.save(state_at(5), [](const fs::path& directory) { write_tensors(directory, 77); });
  const auto newest = checkpoints.newest();
  REQUIRE(newest);
  CHECK(engine::SafetensorsFile(newest->directory / "model.safetensors").at("w").bytes[0] == std::byte{77});
  CHECK(names(scratch / "checkpoints") == Names{"latest", "step_00000005"});
}

TEST_CASE("checkpoint: incomplete directories and a stale latest are passed over, and cleared by the next save") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 3);
  save(checkpoints, 1);
  save(checkpoints, 2);
  const fs::path directory = scratch / "checkpoints";
  fs::create_directories(directory / "step_00000003.tmp");
  engine::atomic_write_file(directory / "step_00000003.tmp/DONE", "");
  fs::create_directories(directory / "step_00000004");  // without DONE
  fs::create_directories(directory / "step_x");
  engine::atomic_write_file(directory / "step_x/DONE", "");
  SUBCASE("latest is behind") { engine::atomic_write_file(directory / "latest", "step_00000001\n"); }
  SUBCASE("latest names nothing") { engine::atomic_write_file(directory / "latest", "step_00000009\n"); }
  SUBCASE("latest is missing") { fs::remove(directory / "latest"); }
  CHECK(checkpoints.newest()->state.step == 2);
  save(checkpoints, 4);
  CHECK(checkpoints.newest()->state.step == 4);
  CHECK_FALSE(fs::exists(directory / "step_00000003.tmp"));
  CHECK(read_file(directory / "latest") == "step_00000004\n");
}

// Each call that changes the disk is the failing one once.
TEST_CASE("checkpoint: killed or out of space at any stage of a save, an intact one remains and the next save works") {
  for (const bool again : {false, true}) {  // a new step, or the newest one again
    for (const int error : {0, ENOSPC}) {   // 0: killed
      const std::int64_t step = again ? 2 : 3;
      bool came = true;
      int calls = 0;
      for (; came; ++calls) {
        REQUIRE(calls < 200);
        CAPTURE(calls);
        const ScratchDirectory scratch;
        Checkpoints checkpoints(scratch.path(), 2);
        save(checkpoints, 1);
        save(checkpoints, 2);
        const pid_t child = fork();
        if (child == 0) {
          const SyscallFault fault(calls, error);
          try {
            save(checkpoints, step);
          } catch (const engine::Error&) { _exit(1); }
          _exit(fault.came() ? 2 : 0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        came = error == 0 ? WIFSIGNALED(status) : WEXITSTATUS(status) != 0;
        if (error != 0 && came) CHECK(WEXITSTATUS(status) == 1);  // a failure is always reported
        const auto newest = checkpoints.newest();                 // verifies the hashes
        REQUIRE(newest);
        CHECK(newest->state.step >= (again ? 1 : 2));
        CHECK(newest->state.step <= step);
        CHECK(engine::SafetensorsFile(newest->directory / "model.safetensors").at("w").bytes[0] ==
              static_cast<std::byte>(newest->state.step));
        save(checkpoints, 4);
        CHECK(checkpoints.newest()->state.step == 4);
        for (const std::string& name : names(scratch / "checkpoints")) CHECK(name.find(".tmp") == name.npos);
      }
      CHECK(calls > 15);  // a save makes that many calls: the fault did occur
    }
  }
}

TEST_CASE("checkpoint: a full disk says so, and which ones are intact") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 2);
  save(checkpoints, 1);
  const FileSizeLimit limit(10'000);
  const auto large = [](const fs::path& directory) { write_tensors(directory, 2, 20'000); };
  CHECK(message_of<engine::Error>([&] { checkpoints.save(state_at(2), large); }) ==
        "the checkpoint of step 2 was not written: cannot write " +
            (scratch / "checkpoints/step_00000002.tmp/model.safetensors.tmp").string() +
            ": File too large; earlier checkpoints are intact, and the run can be resumed once this is put right");
  CHECK(checkpoints.newest()->state.step == 1);
}

TEST_CASE("checkpoint: damage is found, and an intact earlier one is named") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 3);
  for (const std::int64_t step : {1, 2, 3}) save(checkpoints, step);
  const fs::path directory = scratch / "checkpoints", newest = directory / "step_00000003";
  const auto damage = [](const fs::path& file) {
    std::string bytes = read_file(file);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    engine::atomic_write_file(file, bytes);
  };
  const auto sentence = [&] { return message_of<engine::DataError>([&] { checkpoints.newest(); }); };
  const std::string begin = "checkpoint step_00000003 is damaged: ";
  const std::string state = (newest / "state.json").string();

  SUBCASE("tensors") {
    damage(newest / "optimizer.safetensors");
    damage(directory / "step_00000002/model.safetensors");
    const std::string hash =
        begin + (newest / "optimizer.safetensors").string() + " does not have the SHA-256 that state.json says; ";
    CHECK(sentence() == hash + "to resume from step_00000001, which is intact, remove the newer ones");
    damage(directory / "step_00000001/model.safetensors");
    CHECK(sentence() == hash + "no earlier one is intact, so start a new run");
  }
  SUBCASE("a file is missing") {
    fs::remove(newest / "model.safetensors");
    CHECK(sentence() == begin + "cannot open " + (newest / "model.safetensors").string() +
                            ": No such file or directory; to resume from step_00000002, which is intact, remove the "
                            "newer ones");
  }
  SUBCASE("the state is not one") {
    const std::string deep(1'000'000, '[');
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
          std::string(R"({"format_version":1,"step":"x"})"), std::string(R"({"format_version":1,"step":1e300})"),
          std::string(R"({"format_version":1.5})"), deep, "{\"format_version\":1,\"step\":" + deep}) {
      engine::atomic_write_file(newest / "state.json", text);
      CHECK(sentence().starts_with(begin + state + " is not the state of a checkpoint; to resume from step_00000002"));
    }
    engine::atomic_write_file(newest / "state.json", R"({"format_version":3})");
    CHECK(sentence().starts_with(begin + state + " has format_version 3, and this program reads 1 and 2; to resume"));
  }
}

TEST_CASE("checkpoints: all that are kept, oldest first, and each can be read or is refused") {
  const ScratchDirectory scratch;
  Checkpoints checkpoints(scratch.path(), 2);
  CHECK(checkpoints.all().empty());
  for (const std::int64_t step : {3, 20, 100}) save(checkpoints, step);
  const std::vector<fs::path> all = checkpoints.all();
  REQUIRE(all.size() == 2);
  CHECK(Checkpoints::read(all[0]).state == state_at(20));
  CHECK(Checkpoints::read(all[1]).state == state_at(100));
  engine::atomic_write_file(all[0] / "model.safetensors", "text");
  CHECK_THROWS_AS(Checkpoints::read(all[0]), engine::Error);
}
