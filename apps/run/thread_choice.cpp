#include "apps/run/thread_choice.h"

#include <fmt/format.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "kernels/runtime/context.h"
#include "kernels/runtime/control_groups.h"

namespace apps {
namespace {

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The positive number at the beginning of the text. OMP_NUM_THREADS may continue with numbers for nested teams, "4,2",
/// and may have blanks around each.
std::optional<std::int64_t> count_in(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::string_view first = std::string_view(*text).substr(0, text->find(','));
  constexpr std::string_view kBlanks = " \t";
  first.remove_prefix(std::min(first.find_first_not_of(kBlanks), first.size()));
  first = first.substr(0, first.find_last_not_of(kBlanks) + 1);
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(first.data(), first.data() + first.size(), count);
  if (error != std::errc{} || rest != first.data() + first.size() || count < 1) return std::nullopt;
  return std::min<std::int64_t>(count, engine::Context::kMostThreads);
}

}  // namespace

int usable_processors() {
  for (std::size_t most = 1024; most <= std::size_t{1} << 20; most *= 2) {  // cpu_set_t may be too small
    cpu_set_t* set = CPU_ALLOC(most);
    const std::size_t bytes = CPU_ALLOC_SIZE(most);
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    // A thread that OpenMP has bound only sees its own place; OpenMP knows the processors from before.
    if (count > 0) return std::max(count, omp_get_num_procs());
  }
  return static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
}

int ranks_on_these_processors(engine::Communicator& ranks) {
  if (ranks.ranks() == 1) return 1;
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  std::string own = host;
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof(set), &set);  // of a machine with more processors than it holds: none
  for (int i = 0; i < CPU_SETSIZE; ++i) own += CPU_ISSET(i, &set) ? '1' : '0';
  const std::vector<std::string> all = ranks.exchange(own);
  return static_cast<int>(std::count(all.begin(), all.end(), own));
}

ThreadOffer ThreadOffer::here() {
  return {.processors = usable_processors(),
          .quota = engine::ControlGroups().processors(),
          .omp_num_threads = variable("OMP_NUM_THREADS"),
          .slurm_cpus_per_task = variable("SLURM_CPUS_PER_TASK")};
}

ThreadChoice choose_threads(std::int64_t asked, const ThreadOffer& offer) {
  if (asked != 0) return {asked, "as run.threads says"};
  if (const auto count = count_in(offer.omp_num_threads)) return {*count, "as OMP_NUM_THREADS says"};
  std::string present = offer.processors == 1 ? "1 processor" : fmt::format("{} processors", offer.processors);
  if (offer.sharing > 1) present += fmt::format(" of {} ranks", offer.sharing);
  ThreadChoice choice{std::clamp(offer.processors / offer.sharing, 1, engine::Context::kMostThreads), "for " + present};
  if (const auto count = count_in(offer.slurm_cpus_per_task); count && *count < choice.threads)
    choice = {*count, fmt::format("as SLURM_CPUS_PER_TASK says of {}", present)};
  if (offer.quota) {
    const auto rounded = static_cast<std::int64_t>(std::ceil(std::clamp(*offer.quota / offer.sharing, 1.0, 1e6)));
    if (rounded < choice.threads)
      choice = {rounded, fmt::format("for the control group's quota of {:.4g} of {}", *offer.quota, present)};
  }
  return choice;
}

ThreadChoice choose_threads(std::int64_t asked) { return choose_threads(asked, ThreadOffer::here()); }

std::string threads_text(std::int64_t threads) {
  return threads == 1 ? "1 thread" : fmt::format("{} threads", threads);
}

}  // namespace apps
