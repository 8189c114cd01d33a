#include "apps/run/flags.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>
#include <map>

#include "apps/run/build_info.h"
#include "apps/run/exit_code.h"
#include "kernels/runtime/nearest.h"

namespace apps {

struct Flags::Implementation {
  struct Entry {
    CLI::Option* option;
    std::function<void(const std::string&)> set;
  };
  struct Text {
    CLI::Option* option;
    std::function<std::string()> text;
  };
  CLI::App app;
  std::vector<std::string> names;
  std::map<std::string, std::string> several;  // placeholders of flags with several values
  std::vector<Entry> entries;
  std::vector<Text> texts;

  CLI::Option* add(const Flag& flag, CLI::Option* option) {
    names.push_back(flag.name);
    return option->group(flag.group);
  }

  /// "--lr needs a value"
  std::string needs(const std::string& flag) const {
    const auto values = several.find(flag);
    return flag + " needs " + (values == several.end() ? "a value" : values->second);
  }

  [[noreturn]] void refuse(const std::string& argument) const {
    if (!argument.starts_with('-')) {
      throw UsageError(engine::concat("unexpected argument '", argument, "': every value needs its --flag before it"));
    }
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const std::string flag = argument.substr(0, argument.find('='));
    throw UsageError(engine::concat("unknown flag ", flag, "; the nearest is ", engine::nearest(flag, candidates)));
  }
};

std::int64_t whole_number(const std::string& text, const std::string& where, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max) {
    const std::string range = max == std::numeric_limits<std::int64_t>::max()
                                  ? engine::concat("of at least ", min)
                                  : engine::concat("from ", min, " to ", max);
    throw UsageError(engine::concat(where, " must be a whole number ", range, ", got '", text, "'"));
  }
  return number;
}

Flags::Flags(const std::string& program, const std::string& description)
    : implementation_(std::make_unique<Implementation>()) {
  CLI::App& app = implementation_->app;
  app.name(program);
  app.description(description);
  app.allow_extras();  // unknown flags: our own message names the nearest one
  app.get_formatter()->column_width(30);
  app.set_help_flag();
  add_text({"--help", "Information", "show this text", "", ""}, [&app] { return app.help(); });
  add_text({"--version", "Information", "show the version and the commit it was built from", "", ""},
           [program] { return version_text(program) + "\n"; });
}

Flags::~Flags() = default;

void Flags::add(const Flag& flag, std::function<void(const std::string&)> set, bool repeated) {
  const std::string help = flag.fallback.empty() ? flag.help : flag.help + " [" + flag.fallback + "]";
  // `set` is called with Option::results after parsing, so that it may throw our own errors.
  CLI::Option* option = implementation_->app.add_option_function<std::string>(
      flag.name, [](const std::string&) {}, help);
  option->type_name(flag.value)
      ->multi_option_policy(repeated ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  implementation_->entries.push_back({implementation_->add(flag, option), std::move(set)});
}

void Flags::add(const Flag& flag, std::string& value) {
  add(flag, [&value](const std::string& text) { value = text; });
}

void Flags::add(const Flag& flag, std::int64_t& value, std::int64_t min, std::int64_t max) {
  add(flag,
      [&value, min, max, name = flag.name](const std::string& text) { value = whole_number(text, name, min, max); });
}

void Flags::add(const Flag& flag, std::vector<std::string>& values, int count) {
  implementation_->several[flag.name] = flag.value;
  add(flag, [this, &values, flag](const std::string& text) {
    // CLI11 takes any next word as the value: here the next flag, because the value is missing.
    if (text.starts_with("--")) throw UsageError(implementation_->needs(flag.name) + ", got '" + text + "'");
    values.push_back(text);
  });
  implementation_->app.get_option(flag.name)->type_size(count)->expected(1);
}

void Flags::add_positional(const Flag& flag, std::string& value) {
  implementation_->app.add_option(flag.name, value, flag.help)->type_name("");
}

void Flags::add_switch(const Flag& flag, bool& value) {
  implementation_->add(flag, implementation_->app.add_flag(flag.name, value, flag.help));
}

void Flags::add_switch(const Flag& flag, std::function<void(const std::string&)> set) {
  CLI::Option* option = implementation_->app.add_flag(flag.name, flag.help);
  implementation_->entries.push_back({implementation_->add(flag, option), std::move(set)});
}

void Flags::add_text(const Flag& flag, std::function<std::string()> text) {
  CLI::Option* option = implementation_->add(flag, implementation_->app.add_flag(flag.name, flag.help));
  implementation_->texts.push_back({option, std::move(text)});
}

bool Flags::parse(int argc, const char* const* argv) {
  CLI::App& app = implementation_->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw UsageError(implementation_->needs(text.substr(0, text.find(':'))));
  } catch (const CLI::ParseError& error) { throw UsageError(error.what()); }
  // --help and --version are handled first, even if the rest of the line is wrong.
  for (std::size_t i = 0; i < 2; ++i) {
    if (implementation_->texts[i].option->count() == 0) continue;
    std::cout << implementation_->texts[i].text();
    return false;
  }
  const auto set_all = [&](bool several) {
    for (const auto& [option, set] : implementation_->entries) {
      if (option->count() == 0 || (option->get_type_size() > 1) != several) continue;
      for (const std::string& value : option->reduced_results()) set(value);
    }
  };
  set_all(true);  // first: if such a flag took another flag as a value, that value is left over
  const auto extras = app.remaining();
  if (!extras.empty()) implementation_->refuse(extras.front());
  set_all(false);
  for (const auto& [option, text] : implementation_->texts) {
    if (option->count() == 0) continue;
    std::cout << text();
    return false;
  }
  return true;
}

}  // namespace apps
