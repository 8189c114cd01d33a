#include "apps/run/run_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

constexpr int kPatienceMs = 200;

bool take(engine::Descriptor& file) {
  const engine::Locking locking = file.try_lock();
  if (locking == engine::Locking::impossible) engine::throw_errno("lock", file.path());
  return locking == engine::Locking::taken;
}

/// The process id in the file, if that process is alive. The file of a killed process names it until the next one
/// writes its id.
int living_holder(const std::filesystem::path& path) {
  const std::string text = engine::read_file(path);
  int process = 0;
  std::from_chars(text.data(), text.data() + text.size(), process);
  return process > 0 && (kill(process, 0) == 0 || errno == EPERM) ? process : 0;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& directory) : file_(directory / "lock", O_RDWR | O_CREAT) {
  int holder = 0;
  for (int ms = 0; !take(file_); ++ms) {
    holder = living_holder(file_.path());
    if (holder != 0 || ms == kPatienceMs) {
      throw engine::Error(
          engine::concat(directory.string(), " is in use by ",
                         holder != 0 ? "process " + std::to_string(holder) : "a process that has just started",
                         "; wait for it, stop it, or choose another --out"));
    }
    usleep(1000);  // the holder is about to write its id
  }
  if (!in_place()) {
    throw engine::Error(engine::concat(directory.string(), " was removed or replaced at this moment; try again"));
  }
  if (ftruncate(file_.get(), 0) != 0) engine::throw_errno("write", file_.path());
  file_.write(std::to_string(getpid()) + "\n");
}

bool RunLock::in_place() const {
  struct stat held {};
  struct stat there {};
  if (fstat(file_.get(), &held) != 0) engine::throw_errno("examine", file_.path());
  return stat(file_.path().c_str(), &there) == 0 && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

}  // namespace apps
