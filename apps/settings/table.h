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

/// What resuming a run may do to a field.
enum class OnResume {
  fixed,   ///< part of what is computed
  grow,    ///< may become larger: train on for longer
  change,  ///< how the run is watched, kept, executed and evaluated
};

/// Values of another key, as they are written or as a form of them.
struct Requirement {
  std::string_view key;
  std::vector<std::string_view> values;
};
/// When a field has an effect: when all of this holds.
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

/// A member of a struct of settings, of any type that has a Format.
template <class Settings>
struct Member {
  Kind kind;
  Choices choices;  ///< of text; empty: any
  std::function<std::string(const Settings&)> text;
  /// False when the text is no value of the member's type that it accepts; the member then stays as it was.
  std::function<bool(Settings&, std::string_view, const Range&)> set;

  /// `member(settings)` is the member: see MEMBER. Of further ones, which have the same value always, each is set too.
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

// What a row says of a member, by its path: MEMBER(optim.warmup_epochs). With FIELD it is the key as well, so that the
// two cannot differ.
#define MEMBER(path) \
  [](auto& settings) -> auto& { return settings.path; }
#define FIELD(path) .key = #path, .value = MEMBER(path)

/// One setting of a program. Keys of files, flags, help, checks and the resume rule all come from it.
template <class Settings>
struct Field {
  std::string_view key;        ///< "section.name", as in TOML and --set; or the flag
  Member<Settings> value;      ///< the member it stands for
  std::string_view flag = {};  ///< "--name", or empty when there is only the key
  std::string_view help = {};  ///< what it means, with its unit
  Range range = {};            ///< of numbers
  OnResume on_resume = OnResume::fixed;
  Condition only_with = {};  ///< elsewhere it must keep its default: no setting does nothing unsaid
  // Of the flag in --help, where it is not what key and type say:
  std::string_view group = {};        ///< heading; else the section
  std::string_view placeholder = {};  ///< what stands for the value
  std::string_view fallback = {};     ///< what holds without the flag
  bool bare = false;                  ///< of on and off: the flag takes no value and means on

  std::string expectation() const { return apps::expectation(value.kind, range, value.choices); }
  /// The value as people write it: on/off, shortest decimal that reads back to the same number, bare text.
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

// What `Table` says of settings of any type.
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

  /// Nullptr when there is no such key.
  const Field<Settings>* find(std::string_view key) const {
    const auto found = std::find_if(begin(), end(), [&](const auto& field) { return field.key == key; });
    return found == end() ? nullptr : &*found;
  }

  /// The key that was probably meant by `key` (which may lack its section).
  std::string_view nearest(std::string_view key) const {
    std::vector<std::string_view> keys;
    for (const auto& field : fields_) keys.push_back(field.key);
    return nearest_of(key, keys);
  }

  /// Throws UsageError for a value other than the default where the field has no effect.
  void check_conditions(const Settings& settings) const {
    for (const auto& field : fields_) {
      const std::string value = field.text(settings), unset = field.text(Settings{});
      if (value == unset) continue;
      for (const Requirement& requirement : field.only_with.all) {
        const std::string got = find(requirement.key)->text(settings);
        const auto holds = [&](std::string_view form) { return has_form(got, form); };
        if (std::none_of(requirement.values.begin(), requirement.values.end(), holds))
          throw UsageError(unmet_text(field.key, value, unset, requirement, got));
      }
    }
  }

  /// A table of all fields: what `--help-config` prints and docs/recipes.md shows.
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
