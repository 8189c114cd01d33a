#include "tests/simt/nccl/ranks_in_processes.h"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "kernels/runtime/error.h"
#include "kernels/tcp/tcp_communicator.h"

namespace tests {
namespace {

constexpr double kPatience = 30;

/// A process and what it writes before it ends.
struct Process {
  pid_t id;
  int output;
};

Process start(const std::function<std::string()>& run) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw engine::Error("no pipe");
  const pid_t id = fork();
  if (id == 0) {
    std::string said;
    try {
      said = run();
    } catch (const std::exception& error) { said = error.what(); }
    const bool written = write(pipe_ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    _exit(written ? 0 : 1);
  }
  close(pipe_ends[1]);
  return {id, pipe_ends[0]};
}

std::string end_of(const Process& process) {
  std::string said;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(process.output, buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(count));
  close(process.output);
  int status = 0;
  waitpid(process.id, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) said += engine::concat("[ended with status ", status, "]");
  return said;
}

}  // namespace

std::vector<std::string> in_processes(int ranks, const std::function<std::string(engine::Communicator& host)>& rank) {
  kernels::Socket listening = kernels::listen_at(0, true);
  const engine::Meeting meeting{.host = "127.0.0.1", .port = kernels::port_of(listening)};
  std::vector<Process> processes;
  for (int number = 0; number < ranks; ++number) {
    processes.push_back(start([&] {
      std::unique_ptr<kernels::TcpCommunicator> host;
      if (number == 0)
        host = std::make_unique<kernels::TcpCommunicator>(std::move(listening), ranks, kPatience);
      else
        host = std::make_unique<kernels::TcpCommunicator>(number, ranks, meeting, kPatience);
      return rank(*host);
    }));
  }
  std::vector<std::string> said;
  for (const Process& process : processes) said.push_back(end_of(process));
  return said;
}

}  // namespace tests
