#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apps/run/toml.h"

namespace apps {

/// A TOML table that is read entry by entry, and must hold nothing else. Every error is a UsageError
/// "FILE:LINE: what is wrong".
class TomlEntries {
 public:
  /// `what`: the table in errors, "a measure".
  TomlEntries(const toml::table& table, std::string_view source, std::string what);

  std::string text(std::string_view key);  ///< must be there, and not empty
  std::string text(std::string_view key, std::string_view otherwise);
  double number(std::string_view key, double otherwise);
  std::int64_t whole(std::string_view key, std::int64_t otherwise);
  bool yes(std::string_view key);  ///< false if it is not there
  /// A list of texts or numbers, as texts; empty if it is not there. A single value is a list of one.
  std::vector<std::string> list(std::string_view key);
  /// A list of whole numbers from 1 to `most`, or a single one; empty if it is not there.
  std::vector<std::int64_t> wholes(std::string_view key, std::int64_t most);
  const toml::table* table(std::string_view key);                ///< nullptr if it is not there
  std::vector<const toml::table*> tables(std::string_view key);  ///< [[key]]; empty if there is none
  const toml::array* array(std::string_view key);                ///< nullptr if it is not there
  const toml::node& node() const { return table_; }
  /// Throws if the table has an entry that was not asked for.
  void finish() const;

  [[noreturn]] void refuse(const toml::node& at, const std::string& why) const;
  [[noreturn]] void refuse(const std::string& why) const { refuse(table_, why); }

 private:
  const toml::node* find(std::string_view key);

  const toml::table& table_;
  std::string_view source_;
  std::string what_;
  std::set<std::string, std::less<>> asked_;
};

/// A text, or a number as it is written; nothing for anything else.
std::optional<std::string> text_of_value(const toml::node& node);

}  // namespace apps
