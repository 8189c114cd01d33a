#include "apps/run/thread_choice.h"

#include <doctest/doctest.h>

using apps::choose_threads;
using apps::ThreadOffer;

namespace {

/// "2 as OMP_NUM_THREADS says"
std::string choice(std::int64_t asked, const ThreadOffer& offer) {
  const apps::ThreadChoice chosen = choose_threads(asked, offer);
  return std::to_string(chosen.threads) + " " + chosen.reason;
}

ThreadOffer offer(int processors, std::optional<double> quota = {}) {
  return {.processors = processors, .quota = quota, .omp_num_threads = {}, .slurm_cpus_per_task = {}};
}

}  // namespace

TEST_CASE("thread choice: what is asked for goes before everything") {
  ThreadOffer all = offer(16, 2.0);
  all.omp_num_threads = "3";
  all.slurm_cpus_per_task = "4";
  CHECK(choice(5, all) == "5 as run.threads says");
  CHECK(choice(0, all) == "3 as OMP_NUM_THREADS says");
  all.omp_num_threads.reset();
  CHECK(choice(0, all) == "2 for the control group's quota of 2 of 16 processors");
  all.quota.reset();
  CHECK(choice(0, all) == "4 as SLURM_CPUS_PER_TASK says of 16 processors");
  all.slurm_cpus_per_task.reset();
  CHECK(choice(0, all) == "16 for 16 processors");
}

TEST_CASE("thread choice: a part of a processor is a thread, a quota beyond the processors is none") {
  CHECK(choice(0, offer(8, 1.5)) == "2 for the control group's quota of 1.5 of 8 processors");
  CHECK(choice(0, offer(8, 0.1)) == "1 for the control group's quota of 0.1 of 8 processors");
  CHECK(choice(0, offer(8, 7.5)) == "8 for 8 processors");
  CHECK(choice(0, offer(8, 64.0)) == "8 for 8 processors");
  CHECK(choice(0, offer(1, 0.5)) == "1 for 1 processor");
}

TEST_CASE("thread choice: a task of a batch system gets no more than there are") {
  ThreadOffer two = offer(2);
  two.slurm_cpus_per_task = "8";
  CHECK(choice(0, two) == "2 for 2 processors");
}

TEST_CASE("thread choice: variables with lists, and with nonsense") {
  ThreadOffer two = offer(2);
  for (const char* text : {"", "x", "0", "-1", "2x", "1e3", "99999999999999999999"}) {
    CAPTURE(text);
    two.omp_num_threads = text;
    two.slurm_cpus_per_task = text;
    CHECK(choice(0, two) == "2 for 2 processors");
  }
  two.omp_num_threads = "4,2";
  CHECK(choice(0, two) == "4 as OMP_NUM_THREADS says");
  two.omp_num_threads = " 3 , 2";
  CHECK(choice(0, two) == "3 as OMP_NUM_THREADS says");
  for (const char* text : {" ", " ,2", "3 2"}) {
    CAPTURE(text);
    two.omp_num_threads = text;
    CHECK(choice(0, two) == "2 for 2 processors");
  }
  two.omp_num_threads = "4294967297";
  CHECK(choice(0, two) == "4096 as OMP_NUM_THREADS says");
}

TEST_CASE("thread choice: this machine offers something") {
  CHECK(choose_threads(0).threads >= 1);
  CHECK(ThreadOffer::here().processors >= 1);
}

TEST_CASE("thread choice: ranks that share processors share them equally, each with one at least") {
  ThreadOffer shared = offer(8);
  shared.sharing = 2;
  CHECK(choice(0, shared) == "4 for 8 processors of 2 ranks");
  shared.sharing = 16;
  CHECK(choice(0, shared) == "1 for 8 processors of 16 ranks");
  CHECK(choice(3, shared) == "3 as run.threads says");
  shared = offer(8, 4.0);
  shared.sharing = 2;
  CHECK(choice(0, shared) == "2 for the control group's quota of 4 of 8 processors of 2 ranks");
  engine::OneRank alone;
  CHECK(apps::ranks_on_these_processors(alone) == 1);
}
