#include "apps/train/machine_plans.h"

#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <span>

#include "engine/io/files.h"
#include "engine/io/sha256.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

namespace fs = std::filesystem;

/// Empty when the user has no cache directory.
fs::path file_of(const std::string& made_for) {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const bool has_cache = cache != nullptr && *cache == '/';  // the specification ignores relative paths
  if (!has_cache && (home == nullptr || *home != '/')) return {};
  const fs::path base = has_cache ? fs::path(cache) : fs::path(home) / ".cache";
  return base / "antipode" / ("plans-" + engine::sha256(std::as_bytes(std::span(made_for))).substr(0, 16) + ".json");
}

/// Whether this is "plans-….json.PID" or "plans-….json.PID.tmp" of a process that no longer exists. Versions without a
/// lock wrote such files.
bool is_dead_leftover(std::string name) {
  if (name.ends_with(".tmp")) name.resize(name.size() - 4);
  constexpr std::string_view kBefore = ".json.";
  const auto at = name.rfind(kBefore);
  if (!name.starts_with("plans-") || at == name.npos) return false;
  pid_t process = 0;
  const char *begin = name.data() + at + kBefore.size(), *end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(begin, end, process);
  return error == std::errc{} && rest == end && process > 0 && kill(process, 0) != 0 && errno == ESRCH;
}

}  // namespace

MachinePlans::MachinePlans(std::string made_for) : made_for_(std::move(made_for)), file_(file_of(made_for_)) {}

PlanChoices MachinePlans::read() const {
  std::error_code unreadable;
  if (file_.empty() || !fs::is_regular_file(file_, unreadable)) return {};
  try {
    return parse_plans(engine::read_file(file_), file_.string(), made_for_);
  } catch (const engine::Error&) { return {}; }
}

bool MachinePlans::try_lock() {
  if (file_.empty() || lock_) return true;
  try {
    engine::create_directories(file_.parent_path());
    engine::Descriptor lock(file_.parent_path() / "timing.lock", O_RDWR | O_CREAT);
    const engine::Locking locking = lock.try_lock();
    if (locking == engine::Locking::taken) lock_.emplace(std::move(lock));
    return locking != engine::Locking::held;
  } catch (const engine::Error&) { return true; }
}

void MachinePlans::add(PlanChoices choices) {
  if (file_.empty() || !try_lock()) return;
  const PlanChoices known = read();
  choices.merge(PlanChoices(known));
  try {
    std::error_code unreadable;
    for (const auto& entry : fs::directory_iterator(file_.parent_path(), unreadable)) {
      if (is_dead_leftover(entry.path().filename())) engine::remove_all(entry.path());
    }
    if (choices != known) engine::atomic_write_file(file_, plan_text(made_for_, choices));
  } catch (const engine::Error&) {}
}

}  // namespace apps
