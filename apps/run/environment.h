#pragma once
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

namespace apps {

/// The part of env.json that the program provides, since it knows its libraries.
struct Environment {
  std::span<char* const> argv;
  std::string device;                            ///< "cpu"
  std::string device_model;                      ///< as the back end names it: "kernels for AVX-512"
  int threads = 0;                               ///< number that the kernels use
  int ranks = 1;                                 ///< processes that compute together
  std::map<std::string, std::string> libraries;  ///< name -> version: {"oneDNN", "2.6.3"}
};

/// The contents of env.json: git commit, build, processor, threads, device, library versions, command line, start time
/// and directory. Together with config.toml this is all that one needs to repeat a run.
std::string environment_json(const Environment& environment);

/// What reports say of it: the command as a block of code, then "Version 0.1.0 (...), cpu, 2 threads of ...", without
/// an end of the line.
std::string environment_markdown(const nlohmann::ordered_json& environment);

/// The processor's name from Linux, or "unknown".
std::string cpu_model();

/// The current time, as 2026-01-31T23:59:59Z.
std::string utc_time();

}  // namespace apps
