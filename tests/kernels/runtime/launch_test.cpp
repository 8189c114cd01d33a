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

TEST_CASE("launch: torchrun's variables say where the ranks meet, and nothing without an address") {
  const std::map<std::string, const char*> numbers{{"RANK", "3"}, {"WORLD_SIZE", "4"}, {"LOCAL_RANK", "1"}};
  CHECK(launch_with(numbers).ranks == 1);
  auto all = numbers;
  all.insert({{"MASTER_ADDR", "node-7"}, {"MASTER_PORT", "1234"}});
  const engine::Launch launch = launch_with(all);
  CHECK(launch.rank == 3);
  CHECK(launch.ranks == 4);
  CHECK(launch.by == "torchrun");
  CHECK(launch.local_rank == 1);
  REQUIRE(launch.meeting.has_value());
  CHECK(launch.meeting->host == "node-7");
  CHECK(launch.meeting->port == 1234);
  all["TORCHELASTIC_USE_AGENT_STORE"] = "True";  // torchrun itself listens there
  CHECK(launch_with(all).meeting->port == 1235);
  all["MASTER_PORT"] = "many";
  CHECK(launch_with(all).meeting->port == 0);
  all["MASTER_PORT"] = "65535";
  CHECK(launch_with(all).meeting->port == 0);
  all.erase("MASTER_PORT");
  CHECK(launch_with(all).meeting->port == 29501);
}

TEST_CASE("launch: ranks of srun meet by TCP where an address is given and no PMIx connects them") {
  std::map<std::string, const char*> slurm{
      {"SLURM_PROCID", "7"}, {"SLURM_STEP_NUM_TASKS", "8"}, {"SLURM_LOCALID", "3"}};
  CHECK(launch_with(slurm).local_rank == 3);
  CHECK_FALSE(launch_with(slurm).meeting.has_value());
  slurm["MASTER_ADDR"] = "node-0";
  CHECK(launch_with(slurm).meeting->host == "node-0");
  slurm.insert({{"PMI_RANK", "7"}, {"PMI_SIZE", "8"}});  // srun sets these, too
  CHECK(launch_with(slurm).by == "srun");
  CHECK(launch_with(slurm).meeting.has_value());
  slurm["PMI_RANK"] = "15";
  slurm["PMI_SIZE"] = "16";  // an mpirun that starts itself by srun
  CHECK(launch_with(slurm).by == "mpirun");
  CHECK(launch_with(slurm).rank == 15);
  slurm.erase("PMI_RANK");
  slurm["PMIX_RANK"] = "7";
  CHECK_FALSE(launch_with(slurm).meeting.has_value());
  CHECK_FALSE(launch_with({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"MASTER_ADDR", "here"}})
                  .meeting.has_value());
}
