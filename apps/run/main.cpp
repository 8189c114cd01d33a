#include "apps/run/main.h"

#include <signal.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <new>
#include <string>
#include <thread>

#include "apps/run/bounded_spinning.h"
#include "apps/run/exit_code.h"
#include "apps/run/signals.h"
#include "apps/run/standard_streams.h"
#include "kernels/runtime/launch.h"

namespace apps {
namespace {

std::string name_of(int argc, char** argv) {
  const std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  return name.empty() ? "program" : name;  // started without a name
}

/// Whether the program ended in a way that it ends on all ranks alike.
bool ends_on_all_ranks(int code) { return code == kSuccess || code == kNonFinite || code == kInterrupted; }

/// What ends one rank often ends all: the lowest one says it, and ends the others meanwhile.
void let_lower_ranks_speak() {
  ::signal(SIGTERM, SIG_DFL);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
}

int run(const std::string& name, const std::function<int()>& program) {
  const engine::Launch launch = engine::launched();
  const std::string of_rank = launch.rank > 0 ? engine::concat("rank ", launch.rank, ": ") : "";
  const auto report = [&](const std::string& message, ExitCode code) {
    if (launch.rank > 0 && ends_on_all_ranks(code)) return code;
    if (launch.rank > 0) let_lower_ranks_speak();
    // In one piece, as a launcher mixes what its ranks write.
    std::cerr << engine::concat(name, ": error: ", of_rank, message, "\n");
    return code;
  };
  try {
    const OutputFailures failures;
    const SignalThread signals;
    const int code = program();
    std::cout.flush();
    return code;
  } catch (const UsageError& error) {
    return report(std::string(error.what()) + " (see `" + name + " --help`)", kUsage);
  } catch (const engine::DataError& error) { return report(error.what(), kData); } catch (const NonFiniteError& error) {
    return report(error.what(), kNonFinite);
  } catch (const engine::OutOfMemory& error) {
    return report(error.with_remedy("use a smaller batch size, network or data set").what(), kFailure);
  } catch (const Interrupted& stop) {
    if (launch.rank == 0) std::cerr << engine::concat(name, ": ", stop.what(), "\n");  // on request: not an error
    return kInterrupted;
  } catch (const std::ios_base::failure&) {
    return report(failed_output_text(), kFailure);
  } catch (const std::bad_alloc&) {
    return report("out of memory on the host; use a smaller batch size, network or data set", kFailure);
  } catch (const std::exception& error) { return report(error.what(), kFailure); }
}

void refuse_several(const std::string& name) {
  const engine::Launch launch = engine::launched();
  if (launch.ranks == 1) return;
  throw UsageError(engine::concat(launch.by, " started ", launch.ranks, " processes of ", name,
                                  ", which computes in one: start it without ", launch.by));
}

/// The ranks end together: those that are done wait for the others, and an error ends all.
int end(engine::Communicator& ranks, int code) {
  if (!ends_on_all_ranks(code)) ranks.abort(code);
  try {
    ranks.leave();
  } catch (const engine::Error&) {  // another rank is gone, and its launcher says so
    ranks.abort(code == kSuccess ? kFailure : code);
  }
  return code;
}

}  // namespace

int run_main(int argc, char** argv, int (*program)(int argc, char** argv)) {
  bound_spinning(argv);
  reopen_closed_streams();
  const std::string name = name_of(argc, argv);
  return run(name, [&] {
    refuse_several(name);
    return program(argc, argv);
  });
}

int run_main(int argc, char** argv, std::unique_ptr<engine::Communicator> (*join)(),
             int (*program)(int argc, char** argv, engine::Communicator& ranks)) {
  bound_spinning(argv);
  reopen_closed_streams();
  std::unique_ptr<engine::Communicator> ranks;
  const int code = run(name_of(argc, argv), [&] {
    ranks = join();
    return program(argc, argv, *ranks);
  });
  return ranks ? end(*ranks, code) : code;
}

}  // namespace apps
