#include "apps/run/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/core/error.h"
#include "engine/io/files.h"

namespace apps {

RunLock::RunLock(const std::filesystem::path& directory) : file_(directory / "lock", O_RDWR | O_CREAT) {
  if (flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) engine::throw_errno("lock", file_.path());
    std::string holder = engine::read_file(file_.path());
    if (holder.empty()) holder = "that has just started";
    throw engine::Error(engine::concat(directory.string(), " is in use by process ",
                                       holder.substr(0, holder.find('\n')),
                                       "; wait for it, stop it, or choose another --out"));
  }
  if (ftruncate(file_.get(), 0) != 0) engine::throw_errno("write", file_.path());
  file_.write(std::to_string(getpid()) + "\n");
}

}  // namespace apps
