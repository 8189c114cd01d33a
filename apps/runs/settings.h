#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/runs/filter.h"

namespace apps {

/// What `runs` shows, and how.
struct RunsSettings {
  enum class Form { table, csv, json };

  std::string directory = "runs";          ///< what is listed, with all below
  std::vector<std::string> compared = {};  ///< of `runs diff`: two directories
  std::vector<Filter> where = {};          ///< conditions that must all hold
  std::vector<std::string> columns = {};   ///< empty: the usual ones, and those of the other flags
  std::string sort = {};                   ///< a key; empty: by name
  bool descending = false;                 ///< --best
  std::int64_t limit = 0;                  ///< at most as many; 0: all
  Form form = Form::table;
};

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, RunsSettings& settings);

}  // namespace apps
