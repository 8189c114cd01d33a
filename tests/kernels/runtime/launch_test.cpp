#include "kernels/runtime/launch.h"

#include <doctest/doctest.h>

#include <map>

namespace {

engine::Launch launch_with(const std::map<std::string, const char*>& variables) {
  return engine::launch_of([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second;
  });
}

}  // namespace

TEST_CASE("launch: a process that was started by itself is one rank") {
  CHECK(launch_with({}).ranks == 1);
  CHECK(launch_with({}).rank == 0);
  CHECK(launch_with({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}).ranks == 1);
}

TEST_CASE("launch: mpirun, other MPIs and srun say which of how many this is") {
  const engine::Launch open_mpi = launch_with({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
  CHECK(open_mpi.rank == 2);
  CHECK(open_mpi.ranks == 4);
  CHECK(open_mpi.by == "mpirun");
  CHECK(launch_with({{"PMI_RANK", "1"}, {"PMI_SIZE", "3"}}).rank == 1);
  const engine::Launch slurm = launch_with({{"SLURM_PROCID", "7"}, {"SLURM_STEP_NUM_TASKS", "8"}});
  CHECK(slurm.rank == 7);
  CHECK(slurm.ranks == 8);
  CHECK(slurm.by == "srun");
}

TEST_CASE("launch: a batch script of a job with many tasks is one process") {
  CHECK(launch_with({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}).ranks == 1);
}

TEST_CASE("launch: variables that are no numbers are of something else") {
  CHECK(launch_with({{"PMI_RANK", "0"}, {"PMI_SIZE", "many"}}).ranks == 1);
  CHECK(launch_with({{"PMI_RANK", "-1"}, {"PMI_SIZE", "4"}}).ranks == 1);
  CHECK(launch_with({{"PMI_RANK", ""}, {"PMI_SIZE", "4"}}).ranks == 1);
  CHECK(launch_with({{"PMI_SIZE", "4"}}).ranks == 1);
}
