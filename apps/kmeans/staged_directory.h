#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/run/run_lock.h"

namespace apps {

/// A directory of results that appears complete or not at all. Files are written to `path()`, a directory beside it;
/// `commit` puts that in the place of the results, in one step where the file system can. Earlier results stay until
/// then, and are removed afterwards.
class StagedDirectory {
 public:
  /// `mark`: a file that all results have. Throws engine::Error if `directory` has other contents, so that nothing of
  /// anybody else's is ever removed. Also removes what killed processes left beside it.
  StagedDirectory(const std::filesystem::path& directory, std::string mark);
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;
  ~StagedDirectory();  ///< without `commit`, removes what was written

  const std::filesystem::path& path() const { return staged_; }
  void commit();

 private:
  void check_replaceable() const;
  void clear_leftovers() const;

  std::filesystem::path directory_, staged_;
  std::string mark_;
  std::optional<RunLock> lock_;  // on `staged_`: while it is held, the directory is nobody's leftover
};

}  // namespace apps
