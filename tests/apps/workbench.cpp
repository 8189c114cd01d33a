#include "tests/apps/workbench.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "engine/io/files.h"

namespace tests {

Workbench::Workbench(int train_images) { write_tiny_mnist(data(), train_images); }

Strings Workbench::arguments(const std::string& run, const Strings& more) const {
  Strings all{"--data",       "mnist:" + data().string(),
              "--out",        (scratch_ / run).string(),
              "--batch-size", "64",
              "--epochs",     "2",
              "--log-every",  "3",
              "--threads",    "1",
              "--report",     "off"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Ended Workbench::pretrain(const std::string& run, const Strings& more, const Program::Options& options) const {
  return Program(PRETRAIN, arguments(run, more), options).wait();
}

Ended Workbench::plain_pretrain(const Strings& arguments) { return Program(PRETRAIN, arguments).wait(); }

Ended Workbench::lineval(const Strings& arguments) { return Program(LINEVAL, arguments).wait(); }

std::string complaint(const Ended& ended) {
  CHECK(ended.out.empty());
  const std::string last = ended.err.substr(0, ended.err.find('\n'));
  CHECK(ended.err == last + "\n");
  constexpr std::string_view kError = ": error: ";
  const auto found = last.find(kError);
  REQUIRE_MESSAGE(found != last.npos, ended.err);
  return last.substr(found + kError.size());
}

nlohmann::json result(const Ended& ended) {
  REQUIRE_MESSAGE(ended.exit_code == 0, ended.err);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 1);
  CHECK(ended.out.back() == '\n');
  return nlohmann::json::parse(ended.out);
}

namespace {

std::vector<nlohmann::json> records_in(const std::string& text) {
  std::istringstream lines(text);
  std::vector<nlohmann::json> records;
  for (std::string line; std::getline(lines, line);) records.push_back(nlohmann::json::parse(line));
  return records;
}

Strings steps_of(const std::vector<nlohmann::json>& records) {
  Strings steps;
  for (const auto& record : records) {
    steps.push_back(record.at("phase").get<std::string>() + " " + record.at("step").dump());
  }
  return steps;
}

}  // namespace

std::vector<nlohmann::json> metrics(const fs::path& run) {
  return records_in(engine::read_file(run / "metrics.jsonl"));
}

Strings recorded(const fs::path& run) { return steps_of(metrics(run)); }

Strings recorded_so_far(const fs::path& run) {
  const std::string text = engine::read_file(run / "metrics.jsonl");
  return steps_of(records_in(text.substr(0, text.rfind('\n') + 1)));
}

fs::path latest_checkpoint(const fs::path& run) {
  std::string name = engine::read_file(run / "checkpoints/latest");
  REQUIRE(name.back() == '\n');
  name.pop_back();
  return run / "checkpoints" / name;
}

Strings names(const fs::path& directory) {
  Strings found;
  for (const auto& entry : fs::directory_iterator(directory)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

bool has_leftovers(const fs::path& directory) {
  const auto entries = fs::recursive_directory_iterator(directory);
  return std::any_of(begin(entries), end(entries),
                     [](const fs::directory_entry& entry) { return entry.path().extension() == ".tmp"; });
}

bool same_tensors(const fs::path& run, const fs::path& other) {
  const auto same = [&](const char* file) {
    return engine::read_file(latest_checkpoint(run) / file) == engine::read_file(latest_checkpoint(other) / file);
  };
  return same("model.safetensors") && same("optimizer.safetensors");
}

}  // namespace tests
