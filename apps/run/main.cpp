#include "apps/run/main.h"

#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <string>

#include "apps/run/bounded_spinning.h"
#include "apps/run/exit_code.h"
#include "apps/run/signals.h"
#include "apps/run/standard_streams.h"

namespace apps {

int run_main(int argc, char** argv, int (*program)(int argc, char** argv)) {
  std::string name = argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "";
  if (name.empty()) name = "program";  // started without a name
  const auto report = [&](const std::string& message, ExitCode code) {
    std::cerr << name << ": error: " << message << "\n";
    return code;
  };
  bound_spinning(argv);
  reopen_closed_streams();
  try {
    const OutputFailures failures;
    const SignalThread signals;
    const int code = program(argc, argv);
    std::cout.flush();
    return code;
  } catch (const UsageError& error) {
    return report(std::string(error.what()) + " (see `" + name + " --help`)", kUsage);
  } catch (const engine::DataError& error) { return report(error.what(), kData); } catch (const NonFiniteError& error) {
    return report(error.what(), kNonFinite);
  } catch (const engine::OutOfMemory& error) {
    return report(error.with_remedy("use a smaller batch size, network or data set").what(), kFailure);
  } catch (const Interrupted& stop) {
    std::cerr << name << ": " << stop.what() << "\n";  // stopped on request: not an error
    return kInterrupted;
  } catch (const std::ios_base::failure&) {
    return report(failed_output_text(), kFailure);
  } catch (const std::bad_alloc&) {
    return report("out of memory on the host; use a smaller batch size, network or data set", kFailure);
  } catch (const std::exception& error) { return report(error.what(), kFailure); }
}

}  // namespace apps
