#include "apps/run/build_info.h"

#include "build_flags.h"   // generated: kVersion, kBuildType, kCompiler, kFlags
#include "git_revision.h"  // generated: kGitSha, kGitDirty

namespace apps {

BuildInfo build_info() { return {kVersion, kGitSha, kGitDirty, kBuildType, kCompiler, kFlags}; }

std::string version_text(const std::string& program) {
  return program + " " + kVersion + " (" + std::string(kGitSha).substr(0, 12) + (kGitDirty ? ", dirty)" : ")");
}

}  // namespace apps
