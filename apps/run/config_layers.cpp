#include "apps/run/config_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "apps/run/exit_code.h"
#include "apps/run/toml_layer.h"
#include "apps/run/toml_text.h"
#include "engine/io/files.h"

namespace apps {
namespace {

const ConfigField& known_field(std::string_view key, std::string_view where) {
  if (const ConfigField* field = config_table().find(key)) return *field;
  throw UsageError(fmt::format("{}: unknown key '{}'; the nearest is {}", where, key, config_table().nearest(key)));
}

/// The node's value as the text that Field::set reads; nothing if its type does not fit the kind.
std::optional<std::string> node_text(const toml::node& node, Kind kind) {
  if (const auto text = node.value_exact<std::string>(); text == kAuto) return text;  // Field::set refuses it elsewhere
  switch (kind) {
    case Kind::on_off:
      if (const auto value = node.value_exact<bool>()) return *value ? "on" : "off";
      return std::nullopt;
    case Kind::numbers:
    case Kind::names:
    case Kind::text: return node.value_exact<std::string>();
    case Kind::number:
      if (const auto number = node.value_exact<double>()) return number_text(*number);
      break;
    case Kind::whole: break;
  }
  if (const auto whole = node.value_exact<std::int64_t>()) return std::to_string(*whole);
  return std::nullopt;
}

/// The inverse: a value as TOML text.
std::string toml_value(const std::string& text, Kind kind) {
  if (text == kAuto) return toml_string(text);
  switch (kind) {
    case Kind::on_off: return text == "on" ? "true" : "false";
    case Kind::numbers:
    case Kind::names:
    case Kind::text: return toml_string(text);
    case Kind::number: return text.find_first_of(".e") == text.npos ? text + ".0" : text;
    case Kind::whole: break;
  }
  return text;
}

/// The number of dots in a line that may belong to keys, that is outside strings. In a line with triple quotes, where a
/// multi-line string may begin or end, all dots count.
int dots_of_keys(std::string_view line) {
  const bool skips = line.find("\"\"\"") == line.npos && line.find("'''") == line.npos;
  int dots = 0;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (skips && quote != 0) {
      if (line[i] == '\\' && quote == '"')
        ++i;  // the escaped character does not end the string
      else if (line[i] == quote)
        quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '.') {
      ++dots;
    }
  }
  return dots;
}

/// Refuses a key outside any [section].
[[noreturn]] void refuse_top_level(std::string_view key, std::string_view place) {
  const ConfigField& field = known_field(key, place);  // "data.bits" in quotes is one name, not bits in data
  const auto dot = field.key.find('.');
  throw UsageError(fmt::format("{}: the key \"{}\" must not be in quotes; write {}, or {} in the section [{}]", place,
                               key, key, key.substr(dot + 1), key.substr(0, dot)));
}

Assignment read_node(const std::string& key, const toml::node& node, std::string_view source) {
  const std::string place = fmt::format("{}:{}", source, node.source().begin.line);
  const ConfigField& field = known_field(key, place);
  const auto text = node_text(node, field.value.kind);
  if (!text) {
    std::ostringstream got;
    if (!node.is_value()) got << (node.is_table() ? "a table" : "an array");
    if (node.is_value()) node.visit([&](const auto& value) { got << value; });
    throw UsageError(fmt::format("{}: {} must be {}, got {}", place, key, field.expectation(), got.str()));
  }
  return {&field, *text, fmt::format("{}: {}", place, key)};
}

/// Whether an assignment gives a training length: nothing if its key is another one, false for a length of 0.
std::optional<bool> gives_length(const Assignment& assignment) {
  if (assignment.field->key != "train.steps" && assignment.field->key != "train.epochs") return std::nullopt;
  Config scratch;
  scratch.train.epochs = scratch.train.steps = 0;
  assignment.field->set(scratch, assignment.text, assignment.where);
  return scratch.train.epochs != 0 || scratch.train.steps != 0;
}

/// Refuses a length of 0, unless its own or a later layer replaces it: otherwise the value of an earlier layer would
/// remain.
void refuse_no_length(const Layers& layers) {
  const Assignment* none = nullptr;
  for (const Layer* layer : {&layers.recipe, &layers.set, &layers.flags}) {
    const auto gives = [](const Assignment& assignment) { return gives_length(assignment).value_or(false); };
    if (std::any_of(layer->begin(), layer->end(), gives)) {
      none = nullptr;
      continue;
    }
    const auto zero =
        std::find_if(layer->begin(), layer->end(), [](const Assignment& a) { return gives_length(a).has_value(); });
    if (zero != layer->end()) none = &*zero;
  }
  if (none == nullptr) return;
  throw UsageError(fmt::format("{} must be above 0 unless {} sets the length of the training, got 0", none->where,
                               none->field->key == "train.steps" ? "train.epochs" : "train.steps"));
}

/// If the command line chooses another loss or optimizer, what a recipe says about the one before has no effect: it is
/// dropped. What the command line itself says without effect is left for `check` to refuse.
void drop_without_effect(Config& config, const Layers& layers) {
  const auto given = [&](std::string_view key) {
    const auto is_key = [key](const Assignment& assignment) { return assignment.field->key == key; };
    return std::any_of(layers.set.begin(), layers.set.end(), is_key) ||
           std::any_of(layers.flags.begin(), layers.flags.end(), is_key);
  };
  for (const ConfigField& field : config_table()) {
    const Requirement* unmet = config_table().unmet(field, config);
    if (unmet && given(unmet->key) && !given(field.key)) field.set(config, field.text(Config{}), field.key);
  }
}

}  // namespace

// Each dot of a key is a nested table, and destroying nested tables recurses until the stack overflows.
void refuse_deep_keys(std::string_view text, std::string_view source) {
  constexpr int kMostDots = 64;
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (dots_of_keys(text.substr(0, end)) > kMostDots) {
      throw UsageError(fmt::format("{}:{}: the line has more than {} dots; a key has one at most, as in optim.lr",
                                   source, line, kMostDots));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Layer read_sections(const toml::table& sections, std::string_view source) {
  Layer layer;
  for (const auto& [section, node] : sections) {
    const toml::table* entries = node.as_table();
    if (!entries) refuse_top_level(section.str(), fmt::format("{}:{}", source, node.source().begin.line));
    for (const auto& [name, value] : *entries) {
      layer.push_back(read_node(fmt::format("{}.{}", section.str(), name.str()), value, source));
      layer.back().text = original_bytes(layer.back().text);
    }
  }
  return layer;
}

Layer read_toml(std::string_view text, std::string_view source) try {
  refuse_deep_keys(text, source);
  return read_sections(toml::parse(as_utf8(text), source), source);
} catch (const toml::parse_error& error) {
  throw UsageError(original_bytes(
      fmt::format("{}:{}: this is not TOML: {}", source, error.source().begin.line, error.description())));
} catch (const UsageError& error) { throw UsageError(original_bytes(error.what())); }

Assignment read_set(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == text.npos) throw UsageError(fmt::format("--set must be key=value, as in optim.lr=0.2, got '{}'", text));
  const std::string_view key = text.substr(0, equals);
  return {&known_field(key, "--set"), std::string(text.substr(equals + 1)), fmt::format("--set {}", key)};
}

void apply_layer(Config& config, const Layer& layer) {
  const Config::Train below = config.train;
  config.train.epochs = config.train.steps = 0;
  for (const auto& [field, text, where] : layer) field->set(config, text, where);
  if (config.train.epochs == 0 && config.train.steps == 0) {
    config.train.epochs = below.epochs;
    config.train.steps = below.steps;
  }
}

Config with_layers(Config base, const Layers& layers) {
  for (const Layer* layer : {&layers.recipe, &layers.set, &layers.flags}) apply_layer(base, *layer);
  drop_without_effect(base, layers);
  refuse_no_length(layers);
  check(base);
  return base;
}

std::string to_toml(const Config& config) {
  std::string text;
  std::string_view section;
  for (const ConfigField& field : config_table()) {
    const auto dot = field.key.find('.');
    if (field.key.substr(0, dot) != section) {
      section = field.key.substr(0, dot);
      text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
    }
    text += fmt::format("{} = {}\n", field.key.substr(dot + 1), toml_value(field.text(config), field.value.kind));
  }
  return text;
}

Config read_config(const std::filesystem::path& path) {
  Config config;
  apply_layer(config, read_toml(engine::read_file(path), path.string()));
  try {
    check(config);
  } catch (const UsageError& error) { throw UsageError(engine::concat(path.string(), ": ", error.what())); }
  return config;
}

void check_resume(const Config& before, const Config& after) {
  std::string refused, may_change, may_grow;
  for (const ConfigField& field : config_table()) {
    if (field.on_resume == OnResume::change) may_change += fmt::format(" {}", field.key);
    if (field.on_resume == OnResume::grow) may_grow += fmt::format(" {}", field.key);
    const std::string from = field.text(before), to = field.text(after);
    const bool allowed = field.on_resume == OnResume::change ||
                         (field.on_resume == OnResume::grow && std::stoll(to) >= std::stoll(from));  // only counts grow
    if (from != to && !allowed) refused += fmt::format("\n  {}: {} -> {}", field.key, from, to);
  }
  if (refused.empty()) return;
  throw UsageError(
      fmt::format("a resumed run must go on as it began, but these fields differ:{}\n"
                  "  only these may change:{}; and these may grow:{}; start a new run for anything else",
                  refused, may_change, may_grow));
}

}  // namespace apps
