#include "apps/run/standard_streams.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("standard streams: a file never gets the number of a closed one") {
  for (int closed = 0; closed <= 2; ++closed) {
    const pid_t child = fork();
    if (child == 0) {
      struct stat null {};
      struct stat now {};
      close(closed);
      apps::reopen_closed_streams();
      const bool is_null = stat("/dev/null", &null) == 0 && fstat(closed, &now) == 0 && null.st_rdev == now.st_rdev &&
                           S_ISCHR(now.st_mode);
      _exit(is_null && open("/dev/zero", O_RDONLY) > 2 ? 7 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 7);
  }
}
