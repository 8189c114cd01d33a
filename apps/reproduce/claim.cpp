#include "apps/reproduce/claim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "engine/io/files.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

constexpr char kClaims[] = "claims";

/// Whether the file of this name is still the one that is open: whoever had it may have removed it since.
bool in_place(const engine::Descriptor& file) {
  struct stat held {};
  struct stat there {};
  if (fstat(file.get(), &held) != 0) engine::throw_errno("examine", file.path());
  return stat(file.path().c_str(), &there) == 0 && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

}  // namespace

std::optional<Claim> Claim::attempt(const std::filesystem::path& directory, const std::string& name) {
  constexpr int kMostTries = 1000;
  const std::filesystem::path claims = directory / kClaims;
  for (int tries = 1;; ++tries) {
    std::optional<engine::Descriptor> file;
    try {
      engine::create_directories(claims);
      file.emplace(claims / name, O_RDWR | O_CREAT);
    } catch (const engine::Error&) {
      if (tries == kMostTries) throw;
      continue;  // somebody may have removed the empty directory at this moment
    }
    const engine::Locking locking = file->try_lock();
    if (locking == engine::Locking::held) return std::nullopt;
    if (locking == engine::Locking::impossible) engine::throw_errno("lock", file->path());
    if (in_place(*file)) return Claim(std::move(*file));
  }
}

Claim Claim::wait(const std::filesystem::path& directory, const std::string& name) {
  constexpr useconds_t kPause = 2000;
  while (true) {
    if (auto claim = attempt(directory, name)) return std::move(*claim);
    usleep(kPause);
  }
}

Claim::~Claim() {
  if (file_.get() < 0) return;  // moved from
  std::error_code ignored;
  std::filesystem::remove(file_.path(), ignored);
  std::filesystem::remove(file_.path().parent_path(), ignored);  // only if it is empty
}

}  // namespace apps
