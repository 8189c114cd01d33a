#pragma once
#include <map>
#include <span>
#include <string>

namespace apps {

/// What env.json says beyond the build: given by the program, which knows its libraries.
struct Environment {
  std::span<char* const> argv;
  std::string device;                            ///< "cpu"
  std::string device_model;                      ///< as the back end has it: "kernels for AVX-512"
  int threads = 0;                               ///< that the kernels really use
  std::map<std::string, std::string> libraries;  ///< name -> version: {"oneDNN", "2.6.3"}
};

/// env.json: git commit, build, processor, threads, device, library versions, command line, time and directory of the
/// start. All that one needs to repeat a run besides config.toml.
std::string environment_json(const Environment& environment);

/// The processor's name as Linux gives it, or "unknown".
std::string cpu_model();

/// Now, as 2026-01-31T23:59:59Z.
std::string utc_time();

}  // namespace apps
