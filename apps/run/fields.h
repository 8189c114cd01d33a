#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "apps/run/config.h"

namespace apps {

/// Numbers a field accepts.
struct Range {
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  bool min_excluded = false, max_excluded = false;
  bool or_zero = false;  ///< 0 is accepted too
};

/// What resuming a run may do to a field.
enum class OnResume {
  fixed,   ///< part of what is computed
  grow,    ///< may become larger: train on for longer
  change,  ///< how the run is watched, kept and executed
};

/// The values of another key under which a field has an effect.
struct Condition {
  std::string_view key = {};                  ///< empty: it always has
  std::vector<std::string_view> values = {};  ///< as in value_text, or a form as in `Field::allowed`
};

/// One entry of the configuration. TOML keys, flags, help, checks and the resume rule all come from it.
struct Field {
  using Value = std::variant<bool*, std::int64_t*, double*, std::string*>;

  std::string_view key;                        ///< "section.name", as in TOML and --set
  Value (*value)(Config&);                     ///< the member it stands for
  std::string_view flag = {};                  ///< "--name", or empty when there is only the key
  std::string_view help = {};                  ///< what it means, with its unit
  Range range = {};                            ///< of numbers
  std::vector<std::string_view> allowed = {};  ///< of text, where "x:N" takes any number N and "FILE" any; empty: any
  OnResume on_resume = OnResume::fixed;
  Condition only_with = {};  ///< elsewhere it must keep its default: no setting does nothing unsaid
};

/// All fields, section by section.
std::span<const Field> fields();
/// Nullptr when there is no such key.
const Field* find_field(std::string_view key);
/// The key that was probably meant by `key` (which may lack its section).
std::string_view nearest_key(std::string_view key);

/// The value as people write it: on/off, shortest decimal that reads back to the same number, bare text.
std::string value_text(const Field& field, const Config& config);
/// "a number above 0", "one of constant, polynomial, cosine", ...: what the field accepts.
std::string expectation(const Field& field);
/// Sets the field from such text. Throws UsageError "<where> must be <expectation>, got '<text>'".
void set_value(Config& config, const Field& field, std::string_view text, std::string_view where);

/// Rules over several fields; throws UsageError.
void check(const Config& config);

/// All fields as a Markdown table: what `--help-config` prints and docs/recipes.md shows.
std::string fields_table();

}  // namespace apps
