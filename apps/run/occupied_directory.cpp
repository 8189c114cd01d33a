#include "apps/run/occupied_directory.h"

#include "apps/settings/usage_error.h"
#include "kernels/runtime/error.h"

namespace apps {

void refuse_occupied(const std::filesystem::path& out, std::initializer_list<std::string_view> signs,
                     std::string_view holds, std::string_view because) {
  if (!exists(out)) return;
  if (!is_directory(out)) throw UsageError(engine::concat("--out ", out.string(), " is a file, not a directory"));
  for (const std::string_view sign : signs) {
    if (!exists(out / sign)) continue;
    throw UsageError(engine::concat("--out ", out.string(), " ", holds, " (it has ", sign, ")", because,
                                    "; choose another directory"));
  }
}

}  // namespace apps
