#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

/// What a program left when it ended.
struct Ended {
  int exit_code = -1;  ///< -1: a signal ended it
  int signal = 0;      ///< that signal
  std::string out, err;
};

/// A program that runs in its own process.
class Program {
 public:
  struct Options {
    std::filesystem::path directory = ".";       ///< working directory
    rlim_t largest_file_bytes = RLIM_INFINITY;   ///< file-size limit, to imitate a full disk
    bool one_processor = false;                  ///< may use only one processor
    std::string standard_output = {};            ///< a device to write to instead of Ended::out: "/dev/full"
    bool without_streams = false;                ///< descriptors 0 to 2 are closed, as `<&- >&- 2>&-` does
    rlim_t address_space_bytes = RLIM_INFINITY;  ///< limit as set by `ulimit -v`
    /// NAME=VALUE adds to the variables of this process; NAME removes one
    std::vector<std::string> environment = {};
  };
  Program(const std::string& path, std::vector<std::string> arguments, const Options& options);
  Program(const std::string& path, std::vector<std::string> arguments) : Program(path, std::move(arguments), {}) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();  ///< kills it if it is still running

  pid_t id() const { return id_; }
  bool running();
  void send(int signal);
  /// The output so far.
  std::string out() const;
  std::string err() const;
  /// Waits until it ends.
  Ended wait();

 private:
  pid_t id_ = -1;
  int out_, err_;  // files in memory
  int status_ = 0;
  bool ended_ = false;
};

}  // namespace tests
