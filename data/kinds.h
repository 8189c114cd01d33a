#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/bad_files.h"
#include "data/expression.h"
#include "data/source.h"
#include "kernels/runtime/names.h"

namespace data {

/// How a source is opened, beside its expression.
struct Opening {
  Role role = Role::pretrain;
  std::uint64_t seed = 0;                   ///< the run's, of what is drawn at every visit
  std::shared_ptr<BadFiles> skip_bad = {};  ///< images that cannot be read are replaced and noted here; none: an error
  std::int64_t resident_bytes = 1ll << 30;  ///< images that are slow to read are kept in memory up to this size
};

/// A named argument of a kind of source.
struct Parameter {
  std::string_view name;
  std::string_view fallback;  ///< as it would be written; empty: must be given, or the help says what holds
  std::string_view help;
};

class Arguments;

/// A kind of source: what the help says of it, and how it is opened.
struct Kind {
  std::string_view name;
  std::string_view first;  ///< what stands first without a name: "DIR", "SOURCE"; empty: nothing
  std::string_view help;
  std::span<const Parameter> parameters = {};
  std::shared_ptr<const Source> (*open)(const Arguments&) = nullptr;
  bool slow = false;                  ///< decodes or draws: worth keeping in memory
  bool identified_by_images = false;  ///< its fingerprint is that of its images
  std::string_view blank = {};        ///< arguments of `blank` for as many images of that size; empty: not known
};

/// All kinds, in the order of the help.
std::span<const Kind> kinds();

/// The arguments of one call, each checked against the kind's parameters. Errors are engine::DataError with the place
/// in the expression.
class Arguments {
 public:
  Arguments(const Kind& kind, const Call& call, std::string_view whole, const Opening& opening);

  const Opening& opening() const { return opening_; }

  /// The argument without a name, as a path or as a source.
  std::string path() const;
  std::shared_ptr<const Source> source() const;
  std::shared_ptr<const Source> source(const Opening& opening) const;  ///< opened in another way than this call

  /// The arguments with names; without one, the parameter's fallback.
  bool given(std::string_view name) const;
  /// Throws if it is given: as things are, it would do nothing without `other`.
  void refuse_without(std::string_view name, std::string_view other) const;
  std::shared_ptr<const Source> source(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::int64_t whole(std::string_view name, std::int64_t min, std::int64_t max) const;
  double number(std::string_view name, double min, double max) const;
  bool on_off(std::string_view name) const;
  Extent extent(std::string_view name, std::int64_t max) const;  ///< "224" or "HEIGHTxWIDTH"
  /// At least one: "[3, 5]" or "3".
  std::vector<std::int64_t> whole_numbers(std::string_view name, std::int64_t min, std::int64_t max) const;
  template <engine::Named Enum>
  Enum choice(std::string_view name) const {
    return static_cast<Enum>(choice(name, {engine::kNames<Enum>.begin(), engine::kNames<Enum>.end()}));
  }

 private:
  std::size_t choice(std::string_view name, const std::vector<std::string_view>& names) const;
  const Value& first() const;
  Value value(std::string_view name) const;
  [[noreturn]] void reject(std::string_view name, const std::string& expected) const;
  [[noreturn]] void reject(std::string_view name, const std::string& expected, const Value& got) const;

  const Kind& kind_;
  Call call_;
  std::string_view whole_;
  const Opening& opening_;
};

/// Opens the source that an expression describes. Throws engine::DataError with the place of a mistake, and passes on
/// the errors of sources.
std::shared_ptr<const Source> open_source(std::string_view expression, const Opening& opening);

/// All kinds with their parameters and defaults, for people.
std::string list_of_kinds();

}  // namespace data
