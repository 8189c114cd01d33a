#include "apps/run/environment.h"

#include <fmt/chrono.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/run/build_info.h"
#include "apps/run/json_text.h"
#include "apps/run/thread_choice.h"

namespace apps {

std::string environment_json(const Environment& environment) {
  const BuildInfo build = build_info();
  nlohmann::ordered_json json;
  json["version"] = build.version;
  json["git"] = {{"sha", build.git_sha}, {"dirty", build.git_dirty}};
  json["build"] = {{"type", build.build_type}, {"compiler", build.compiler}, {"flags", build.flags}};
  json["cpu"] = {{"model", cpu_model()}, {"usable_processors", usable_processors()}};
  json["device"] = environment.device;
  json["device_model"] = environment.device_model;
  json["threads"] = environment.threads;
  json["ranks"] = environment.ranks;
  json["libraries"] = environment.libraries;
  json["libraries"]["libcrypto"] = OpenSSL_version(OPENSSL_VERSION_STRING);
  json["argv"] = std::vector<std::string>(environment.argv.begin(), environment.argv.end());
  json["directory"] = std::filesystem::current_path().string();
  json["started"] = utc_time();
  return json_text(json, 2) + "\n";  // a command line need not be UTF-8
}

std::string environment_markdown(const nlohmann::ordered_json& environment) {
  std::vector<std::string> words;
  for (const auto& word : environment["argv"]) words.push_back(plain_text(word));
  return fmt::format("    {}\n\nVersion {} ({}{}), {}, {} threads of {}", fmt::join(words, " "),
                     plain_text(environment["version"]), plain_text(environment["git"]["sha"]).substr(0, 12),
                     environment["git"]["dirty"] == true ? ", dirty" : "", plain_text(environment["device"]),
                     environment["threads"].dump(), plain_text(environment["cpu"]["model"]));
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      const auto colon = line.find(": ");
      if (colon != line.npos) return line.substr(colon + 2);
    }
  }
  return "unknown";
}

std::string utc_time() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

}  // namespace apps
