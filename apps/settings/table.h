#pragma once
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/settings/format.h"
#include "apps/settings/usage_error.h"

namespace apps {

/// How a field may change when a run is resumed.
enum class OnResume {
  fixed,   ///< affects what is computed
  grow,    ///< may increase: longer training
  change,  ///< affects how the run is watched, stored, executed or evaluated
};

/// Values of another key: exact texts or patterns.
struct Requirement {
  std::string_view key;
  std::vector<std::string_view> values;
};
/// When a field has an effect: all of these requirements must hold.
struct Condition {
  std::vector<Requirement> all = {};
};
inline Condition when(std::string_view key, std::vector<std::string_view> values) {
  return {{{.key = key, .values = std::move(values)}}};
}
inline Condition operator&&(Condition one, const Condition& other) {
  one.all.insert(one.all.end(), other.all.begin(), other.all.end());
  return one;
}

/// A member of a settings struct, of any type that has a Format.
template <class Settings>
struct Member {
  Kind kind;
  Choices choices;  ///< accepted texts; empty: any
  std::function<std::string(const Settings&)> text;
  /// Returns false, and leaves the member unchanged, if the text is not an accepted value.
  std::function<bool(Settings&, std::string_view, const Range&)> set;

  /// `member(settings)` returns the member: see MEMBER. `same` are further members that always get the same value.
  template <class Access, class... Same>
  requires std::invocable<Access, Settings&> Member(Access member, Same... same)
      : kind(FormatOf<Access>::kKind),
        choices(FormatOf<Access>::choices()),
        text([member](const Settings& settings) { return FormatOf<Access>::text(member(settings)); }),
        set([member, same...](Settings& settings, std::string_view given, const Range& range) {
          const auto value = FormatOf<Access>::read(given, range);
          if (!value) return false;
          member(settings) = *value;
          ((same(settings) = *value), ...);
          return true;
        }) {}

  /// A member of a part of the settings.
  template <class Part>
  Member(const Member<Part>& member, Part Settings::*part)
      : kind(member.kind),
        choices(member.choices),
        text([member, part](const Settings& settings) { return member.text(settings.*part); }),
        set([member, part](Settings& settings, std::string_view given, const Range& range) {
          return member.set(settings.*part, given, range);
        }) {}

 private:
  template <class Access>
  using FormatOf = Format<std::remove_cvref_t<std::invoke_result_t<Access, Settings&>>>;
};

// Names a member by its path: MEMBER(optim.warmup_epochs). FIELD also makes the path the key, so that they cannot
// differ.
#define MEMBER(path) \
  [](auto& settings) -> auto& { return settings.path; }
#define FIELD(path) .key = #path, .value = MEMBER(path)

/// One setting of a program. Keys in files, flags, help, checks and the resume rule all come from it.
template <class Settings>
struct Field {
  std::string_view key;        ///< "section.name", as in TOML and --set; or the flag
  Member<Settings> value;      ///< the member it stands for
  std::string_view flag = {};  ///< "--name"; empty if there is only the key
  std::string_view help = {};  ///< what it means, with its unit
  Range range = {};            ///< of numbers
  OnResume on_resume = OnResume::fixed;
  Condition only_with = {};  ///< otherwise it must keep its default: a setting without effect is refused
  // For the flag in --help, if different from what key and type give:
  std::string_view group = {};        ///< heading; default: the section
  std::string_view placeholder = {};  ///< placeholder of the value
  std::string_view fallback = {};     ///< value shown as the default
  bool bare = false;                  ///< an on/off flag without a value: giving it means on

  std::string expectation() const { return apps::expectation(value.kind, range, value.choices); }
  /// The value as people write it: on/off, the shortest decimal that reads back as the same number, plain text.
  std::string text(const Settings& settings) const { return value.text(settings); }
  /// Throws UsageError "<where> must be <expectation>, got '<text>'".
  void set(Settings& settings, std::string_view text, std::string_view where) const {
    if (!value.set(settings, text, range)) refuse(where, text);
  }

 private:
  [[noreturn]] void refuse(std::string_view where, std::string_view text) const {
    throw UsageError(engine::concat(where, " must be ", expectation(), ", got '", text, "'"));
  }
};

// The texts of a field for `Table`, independent of the settings' type.
struct FieldText {
  std::string_view key, flag;
  std::string unset, expectation;
  OnResume on_resume;
  const Condition& only_with;
  std::string_view help;
};
std::string markdown_row(const FieldText& field);
std::string unmet_text(std::string_view key, std::string_view value, std::string_view unset, const Requirement& unmet,
                       std::string_view got);
std::string_view nearest_of(std::string_view key, const std::vector<std::string_view>& keys);

/// All settings of a program.
template <class Settings>
class Table {
 public:
  Table(std::initializer_list<std::vector<Field<Settings>>> sections) {
    for (const auto& section : sections) fields_.insert(fields_.end(), section.begin(), section.end());
  }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

  /// Returns nullptr if there is no such key.
  const Field<Settings>* find(std::string_view key) const {
    const auto found = std::find_if(begin(), end(), [&](const auto& field) { return field.key == key; });
    return found == end() ? nullptr : &*found;
  }

  /// The nearest key to a misspelt one (which may lack its section).
  std::string_view nearest(std::string_view key) const {
    std::vector<std::string_view> keys;
    for (const auto& field : fields_) keys.push_back(field.key);
    return nearest_of(key, keys);
  }

  /// Throws UsageError if a field without effect does not have its default.
  void check_conditions(const Settings& settings) const {
    for (const auto& field : fields_) {
      const std::string value = field.text(settings), unset = field.text(Settings{});
      const Requirement* unmet = value == unset ? nullptr : this->unmet(field, settings);
      if (unmet) throw UsageError(unmet_text(field.key, value, unset, *unmet, find(unmet->key)->text(settings)));
    }
  }

  /// The first requirement of a field that these settings do not meet; nullptr if it has an effect.
  const Requirement* unmet(const Field<Settings>& field, const Settings& settings) const {
    for (const Requirement& requirement : field.only_with.all) {
      const std::string got = find(requirement.key)->text(settings);
      const auto holds = [&](std::string_view form) { return has_form(got, form); };
      if (std::none_of(requirement.values.begin(), requirement.values.end(), holds)) return &requirement;
    }
    return nullptr;
  }

  /// A table of all fields: the output of `--help-config`, also in docs/recipes.md.
  std::string markdown() const {
    std::string text = "| key | flag | default | accepts | on resume | meaning |\n|---|---|---|---|---|---|\n";
    for (const auto& field : fields_) {
      text += markdown_row({.key = field.key,
                            .flag = field.flag,
                            .unset = field.text(Settings{}),
                            .expectation = field.expectation(),
                            .on_resume = field.on_resume,
                            .only_with = field.only_with,
                            .help = field.help});
    }
    return text;
  }

 private:
  std::vector<Field<Settings>> fields_;
};

}  // namespace apps
