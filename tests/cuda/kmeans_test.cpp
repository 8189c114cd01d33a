// `kmeans` on a GPU, or with the interpreter in its place, finds the CPU's clusters.
#include <doctest/doctest.h>

#include <cstring>

#include "engine/io/npy.h"
#include "tests/apps/workbench.h"

using namespace tests;

namespace {

std::vector<std::int32_t> labels(const fs::path& file) {
  const engine::NpyFile stored(file);
  std::vector<std::int32_t> values(stored.array().bytes.size() / sizeof(std::int32_t));
  std::memcpy(values.data(), stored.array().bytes.data(), stored.array().bytes.size());
  return values;
}

}  // namespace

TEST_CASE("cuda kmeans: a network's clusters and those of pixels are the CPU's") {
  const Workbench bench(64);
  REQUIRE(bench.pretrain("run", {"--steps", "1", "--epochs", "0"}).exit_code == 0);
  const std::string data = "mnist:" + bench.data().string();
  for (const Strings& features : {Strings{(bench / "run").string(), "--tap", "conv2"},
                                  Strings{"--raw", "patches", "--patch", "4", "--data", data}}) {
    const auto on = [&](const std::string& device) {
      Strings arguments = features;
      arguments.insert(arguments.end(), {"--images", "2", "--k", "3", "--threads", "1", "--device", device, "--out",
                                         (bench / device).string()});
      return result(Program(KMEANS, arguments).wait()).at("figures")[0];
    };
    const auto cpu = on("cpu"), gpu = on("cuda");
    CHECK(gpu.at("inertia_per_location").get<double>() ==
          doctest::Approx(cpu.at("inertia_per_location").get<double>()).epsilon(1e-3));
    const std::string file = "labels/" + cpu.at("tap").get<std::string>() + "-k3.npy";
    const auto ours = labels(bench / "cpu" / file), theirs = labels(bench / "cuda" / file);
    REQUIRE(ours.size() == theirs.size());
    std::size_t same = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) same += ours[i] == theirs[i] ? 1 : 0;
    CHECK(same >= ours.size() * 95 / 100);  // a place between two clusters may go to either
  }
}
