#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

/// What a program that has ended left behind.
struct Ended {
  int exit_code = -1;  ///< -1: a signal ended it
  int signal = 0;      ///< the one that did
  std::string out, err;
};

/// A program running in a process of its own.
class Program {
 public:
  struct Options {
    std::filesystem::path directory = ".";       ///< to run in
    rlim_t largest_file_bytes = RLIM_INFINITY;   ///< as if the disk were full beyond
    bool one_processor = false;                  ///< as on a machine with a single one
    std::string standard_output = {};            ///< a device that it writes to instead of Ended::out: "/dev/full"
    bool without_streams = false;                ///< descriptors 0 to 2 are closed, as `<&- >&- 2>&-` does
    rlim_t address_space_bytes = RLIM_INFINITY;  ///< as `ulimit -v` limits it
    /// NAME=VALUE beside the variables of this process; NAME takes one away
    std::vector<std::string> environment = {};
  };
  Program(const std::string& path, std::vector<std::string> arguments, const Options& options);
  Program(const std::string& path, std::vector<std::string> arguments) : Program(path, std::move(arguments), {}) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  ///< kills it if it still runs

  pid_t id() const { return id_; }
  bool running();
  void send(int signal);
  /// What it has written so far.
  std::string out() const;
  std::string err() const;
  /// Waits for its end.
  Ended wait();

 private:
  pid_t id_ = -1;
  int out_, err_;  // files in memory
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace tests
