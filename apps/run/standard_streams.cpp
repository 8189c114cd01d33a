#include "apps/run/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "kernels/runtime/error.h"

namespace apps {

void reopen_closed_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one. If there is no /dev/null, nothing better can be done.
    [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
  }
}

OutputFailures::OutputFailures() { std::cout.exceptions(std::ios_base::badbit); }
OutputFailures::~OutputFailures() { std::cout.exceptions(std::ios_base::goodbit); }

std::string failed_output_text() {
  // The errno of the first failure is lost: writing one more byte fails for the same reason.
  const int error = write(STDOUT_FILENO, "\n", 1) < 0 ? errno : EIO;
  return engine::concat("cannot write to standard output: ", std::strerror(error));
}

}  // namespace apps
