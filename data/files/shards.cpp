#include "data/files/shards.h"

#include <glob.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "kernels/runtime/error.h"

namespace data {
namespace {

namespace fs = std::filesystem;
using engine::concat;
using engine::DataError;

constexpr std::uint64_t kMostShards = 100000;

struct Range {
  std::size_t begin, end;  // of "{000..012}" in the pattern
  std::uint64_t first, last;
  std::size_t digits;
};

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The first range of a pattern.
std::optional<Range> find_range(const std::string& pattern) {
  for (std::size_t open = pattern.find('{'); open != std::string::npos; open = pattern.find('{', open + 1)) {
    const std::size_t close = pattern.find('}', open), dots = pattern.find("..", open);
    if (close == std::string::npos || dots == std::string::npos || dots > close) continue;
    const std::string first = pattern.substr(open + 1, dots - open - 1);
    const auto begin = whole_number(first), end = whole_number(pattern.substr(dots + 2, close - dots - 2));
    if (!begin || !end) continue;
    if (*end < *begin || *end - *begin >= kMostShards) {
      throw DataError(concat("the range ", pattern.substr(open, close + 1 - open), " of '", pattern,
                             "' must ascend and be of at most ", kMostShards, " files"));
    }
    return Range{open, close + 1, *begin, *end, first.size()};
  }
  return std::nullopt;
}

/// Appends the files of a pattern in which no range precedes another one.
void expand(const std::string& pattern, std::vector<fs::path>& files) {
  if (const auto range = find_range(pattern)) {
    for (std::uint64_t i = range->first; i <= range->last; ++i) {
      std::string digits = std::to_string(i);
      digits.insert(0, range->digits > digits.size() ? range->digits - digits.size() : 0, '0');
      expand(pattern.substr(0, range->begin) + digits + pattern.substr(range->end), files);
      if (files.size() > kMostShards)
        throw DataError(concat("'", pattern, "' names more than ", kMostShards, " files"));
    }
    return;
  }
  std::error_code ignored;
  if (fs::exists(pattern, ignored)) {
    files.emplace_back(pattern);
    return;
  }
  glob_t found{};
  const int code = glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<fs::path> matches(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (code != 0 || matches.empty()) {
    const bool is_pattern = pattern.find_first_of("*?[") != std::string::npos;
    throw DataError(concat(is_pattern ? "no file matches " : "there is no file ", fs::path(pattern)));
  }
  std::ranges::sort(matches, {}, &fs::path::native);
  files.insert(files.end(), matches.begin(), matches.end());
}

}  // namespace

std::vector<fs::path> expand_shards(const std::string& pattern) {
  std::error_code ignored;
  if (fs::exists(pattern, ignored)) return {pattern};
  std::vector<fs::path> files;
  expand(pattern, files);
  return files;
}

}  // namespace data
