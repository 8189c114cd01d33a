#include "apps/run/data_fingerprint.h"

#include <nlohmann/json.hpp>

#include "apps/run/json_text.h"
#include "engine/io/files.h"
#include "engine/io/json.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

constexpr char kFile[] = "data.json";

/// The split that differs: "training set" or "test set".
std::string differing_split(const DataFingerprint& of_run, const DataFingerprint& opened) {
  return of_run.train != opened.train ? "training set" : "test set";
}

}  // namespace

void write_fingerprint(const std::filesystem::path& run, const DataFingerprint& fingerprint) {
  const nlohmann::ordered_json json{{"train_sha256", fingerprint.train}, {"test_sha256", fingerprint.test}};
  engine::atomic_write_file(run / kFile, json_text(json, 2) + "\n");
}

std::optional<DataFingerprint> read_fingerprint(const std::filesystem::path& run) {
  const std::filesystem::path path = run / kFile;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto json = engine::parse_json<nlohmann::json>(engine::read_file(path));
  const auto text = [&](const char* name) {
    const bool there = json.is_object() && json.contains(name) && json[name].is_string();
    return there ? json[name].get<std::string>() : std::string();
  };
  const DataFingerprint fingerprint{.train = text("train_sha256"), .test = text("test_sha256")};
  if (fingerprint.train.empty() || fingerprint.test.empty()) {
    throw engine::DataError(engine::concat(path.string(), " is damaged: it must say train_sha256 and test_sha256; ",
                                           "delete it if the run's data is surely unchanged"));
  }
  return fingerprint;
}

void check_same_data(const std::filesystem::path& run, const DataFingerprint& opened, const std::string& source) {
  if (const auto of_run = read_fingerprint(run)) check_same_data(run, *of_run, opened, source);
}

void check_same_data(const std::filesystem::path& run, const DataFingerprint& of_run, const DataFingerprint& opened,
                     const std::string& source) {
  if (of_run == opened) return;
  throw engine::DataError(engine::concat(source, " is not the data that the run in ", run.string(),
                                         " began with: images or labels of its ", differing_split(of_run, opened),
                                         " differ; put that data back, or say with --data where it is now"));
}

}  // namespace apps
