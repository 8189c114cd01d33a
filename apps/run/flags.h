#pragma once
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace apps {

/// The whole number in `text`. Throws UsageError, naming `where`, if it is none or outside `min` to `max`.
std::int64_t whole_number(const std::string& text, const std::string& where, std::int64_t min,
                          std::int64_t max = std::numeric_limits<std::int64_t>::max());

/// A program's command line: GNU long flags, grouped in --help with their defaults; the last of a repeated flag wins.
/// --help and --version always exist. Every error is a UsageError; for an unknown flag it names the nearest one.
class Flags {
 public:
  Flags(const std::string& program, const std::string& description);
  Flags(Flags&&) = delete;
  ~Flags();

  /// A flag in --help.
  struct Flag {
    std::string name;           ///< "--lr"
    std::string group = {};     ///< heading: "Optimizer"
    std::string help = {};      ///< "peak learning rate"
    std::string value = {};     ///< placeholder of the value: "N", "on|off"
    std::string fallback = {};  ///< shown as the default; empty: none
  };
  /// Calls `set` with the flag's value if it was given (once per value when `repeated`).
  void add(const Flag& flag, std::function<void(const std::string&)> set, bool repeated = false);
  void add(const Flag& flag, std::string& value);
  /// A whole number from `min` to `max`.
  void add(const Flag& flag, std::int64_t& value, std::int64_t min,
           std::int64_t max = std::numeric_limits<std::int64_t>::max());
  /// A flag that takes `count` values at once.
  void add(const Flag& flag, std::vector<std::string>& values, int count);
  /// A value without a flag; `flag.name` is its placeholder in --help.
  void add_positional(const Flag& flag, std::string& value);
  /// A flag without a value: sets `value` to true.
  void add_switch(const Flag& flag, bool& value);
  /// Calls `set` with "true".
  void add_switch(const Flag& flag, std::function<void(const std::string&)> set);
  /// A flag like --help: if it is given, prints `text()` on stdout, with all other flags set, and the program ends.
  void add_text(const Flag& flag, std::function<std::string()> text);

  /// Reads the command line. Returns false if a text was printed and the program is done.
  [[nodiscard]] bool parse(int argc, const char* const* argv);

 private:
  struct Implementation;  // keeps the command-line library out of this header
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace apps
