#pragma once
#include <string>

namespace apps {

/// What this program was built from, and how.
struct BuildInfo {
  const char* version;  ///< version of the project
  const char* git_sha;  ///< "unknown" outside a git checkout
  bool git_dirty;       ///< tracked files differ from that commit
  const char* build_type;
  const char* compiler;
  const char* flags;
};
BuildInfo build_info();

/// "pretrain 0.1.0 (0123456789ab, dirty)"
std::string version_text(const std::string& program);

}  // namespace apps
