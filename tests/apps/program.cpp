#include "tests/apps/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>

namespace tests {
namespace {

std::string contents(int file) {
  std::string text(static_cast<std::size_t>(lseek(file, 0, SEEK_END)), '\0');
  REQUIRE(pread(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
  return text;
}

/// Where a program is: its path at build time, or in ANTIPODE_BIN if the programs were moved.
std::string found(const std::string& path) {
  const char* elsewhere = std::getenv("ANTIPODE_BIN");
  return elsewhere == nullptr ? path
                              : (std::filesystem::path(elsewhere) / std::filesystem::path(path).filename()).string();
}

/// The environment of this process with variables added or removed.
std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
  std::vector<std::string> variables;
  const auto name = [](const std::string& variable) { return variable.substr(0, variable.find('=')); };
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const bool changed = std::any_of(changes.begin(), changes.end(),
                                     [&](const std::string& change) { return name(change) == name(*variable); });
    if (!changed) variables.emplace_back(*variable);
  }
  std::copy_if(changes.begin(), changes.end(), std::back_inserter(variables),
               [](const std::string& change) { return change.find('=') != change.npos; });
  return variables;
}

}  // namespace

Program::Program(const std::string& path, std::vector<std::string> arguments, const Options& options)
    : out_(memfd_create("stdout", MFD_CLOEXEC)), err_(memfd_create("stderr", MFD_CLOEXEC)) {
  REQUIRE(out_ >= 0);
  REQUIRE(err_ >= 0);
  std::string name = found(path);
  std::vector<char*> argv{name.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = environment_with(options.environment);
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  // Block signals until exec: one that comes earlier must not run the handlers of the tests.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  id_ = fork();
  if (id_ != 0) pthread_sigmask(SIG_SETMASK, &before, nullptr);
  REQUIRE(id_ >= 0);
  if (id_ > 0) return;
  // Only system calls between fork and exec in the child: other threads may have held locks at the fork.
  const rlimit limit{options.largest_file_bytes, options.largest_file_bytes};
  const rlimit memory{options.address_space_bytes, options.address_space_bytes};
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(sched_getcpu(), &first);
  const int out = options.standard_output.empty() ? out_ : open(options.standard_output.c_str(), O_WRONLY | O_CLOEXEC);
  const bool ready = dup2(out, STDOUT_FILENO) >= 0 && dup2(err_, STDERR_FILENO) >= 0 &&
                     chdir(options.directory.c_str()) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                     (!options.one_processor || sched_setaffinity(0, sizeof(first), &first) == 0);
  for (int stream = 0; options.without_streams && stream < 3; ++stream) close(stream);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (ready && setrlimit(RLIMIT_AS, &memory) == 0) execve(argv[0], argv.data(), environment.data());
  _exit(127);
}

Program::~Program() {
  if (!ended_) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

bool Program::running() {
  if (!ended_ && waitpid(id_, &status_, WNOHANG) == id_) ended_ = true;
  return !ended_;
}

void Program::send(int signal) {
  if (running()) kill(id_, signal);
}

std::string Program::out() const { return contents(out_); }
std::string Program::err() const { return contents(err_); }

Ended Program::wait() {
  if (!ended_) REQUIRE(waitpid(id_, &status_, 0) == id_);
  ended_ = true;
  Ended result{.exit_code = -1, .signal = 0, .out = contents(out_), .err = contents(err_)};
  if (WIFSIGNALED(status_)) {
    result.signal = WTERMSIG(status_);
  } else {
    result.exit_code = WEXITSTATUS(status_);
  }
  return result;
}

}  // namespace tests
