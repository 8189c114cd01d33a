#include "tests/ranks/started.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>

#include "kernels/tcp/socket.h"

namespace tests {
namespace {

/// The records of steps.
std::vector<nlohmann::json> steps_of(const fs::path& run) {
  std::vector<nlohmann::json> all = metrics(run);
  std::erase_if(all, [](const nlohmann::json& record) { return record["phase"] != "train"; });
  return all;
}

}  // namespace

Strings operator+(Strings all, const Strings& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Strings launch(int ranks) {
  return {"--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks)};
}

std::vector<Ended> run_by_tcp(int ranks, const std::string& program, const Strings& arguments) {
  const std::string port = std::to_string(kernels::port_of(kernels::listen_at(0, true)));
  std::vector<std::unique_ptr<Program>> started;
  for (int rank = 0; rank < ranks; ++rank) {
    const std::string number = std::to_string(rank);
    started.push_back(
        std::make_unique<Program>(program, arguments,
                                  Program::Options{.environment = {"RANK=" + number, "LOCAL_RANK=" + number,
                                                                   "WORLD_SIZE=" + std::to_string(ranks),
                                                                   "MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + port}}));
  }
  std::vector<Ended> all;
  for (const auto& each : started) all.push_back(each->wait());
  return all;
}

Strings said(const Ended& ended) {
  Strings lines;
  for (std::size_t at = 0; at < ended.err.size();) {
    const std::size_t end = std::min(ended.err.find('\n', at), ended.err.size());
    const std::string line = ended.err.substr(at, end - at);
    if (line.find(": error: ") != line.npos || line.starts_with("pretrain: stopped")) lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

pid_t process_of(pid_t mpirun, int rank) {
  const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank),
                    parent = "\nPPid:\t" + std::to_string(mpirun) + "\n";
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    if (text_of(entry.path() / "status").find(parent) == std::string::npos) continue;
    const std::string variables = '\0' + text_of(entry.path() / "environ");
    if (variables.find('\0' + wanted + '\0') != variables.npos) return std::stoi(name);
  }
  return 0;
}

bool wait_for_checkpoint(Program& program, const fs::path& run, const std::string& before) {
  while (program.running()) {
    if (text_of(run / "checkpoints/latest") != before) return true;
    usleep(2000);
  }
  return false;
}

double largest_difference(const fs::path& run, const fs::path& other, const char* name) {
  const auto a = steps_of(run), b = steps_of(other);
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i]["step"] == b[i]["step"]);
    largest = std::max(largest, std::abs(a[i][name].get<double>() - b[i][name].get<double>()));
  }
  return largest;
}

}  // namespace tests
