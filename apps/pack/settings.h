#pragma once
#include <cstdint>
#include <string>

namespace apps {

/// What `pack` packs, and where to.
struct PackSettings {
  std::string data = {};        ///< an expression
  std::string out = {};         ///< the file
  std::string verify = {};      ///< instead: a file whose images are compared with their checksums
  std::int64_t short_side = 0;  ///< images whose shorter side is longer are shrunk to it; 0: none
  std::int64_t workers = 0;     ///< threads that decode; 0: one for each processor
  bool skip_bad = false;        ///< images that cannot be read are replaced and counted
  bool force = false;           ///< replace an existing file
};

/// Reads the command line. Returns false if a text was printed and the program is done. Throws UsageError.
[[nodiscard]] bool parse(int argc, const char* const* argv, PackSettings& settings);

}  // namespace apps
