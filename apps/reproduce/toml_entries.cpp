#include "apps/reproduce/toml_entries.h"

#include <fmt/format.h>

#include "apps/run/exit_code.h"
#include "apps/run/toml_text.h"
#include "apps/settings/format.h"
#include "kernels/runtime/nearest.h"

namespace apps {

std::optional<std::string> text_of_value(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return original_bytes(*text);
  if (const auto whole = node.value_exact<std::int64_t>()) return std::to_string(*whole);
  if (const auto number = node.value_exact<double>()) return number_text(*number);
  return std::nullopt;
}

TomlEntries::TomlEntries(const toml::table& table, std::string_view source, std::string what)
    : table_(table), source_(source), what_(std::move(what)) {}

void TomlEntries::refuse(const toml::node& at, const std::string& why) const {
  const auto line = at.source().begin.line;
  throw UsageError(original_bytes(fmt::format("{}:{}: {}", source_, line, why)));
}

const toml::node* TomlEntries::find(std::string_view key) {
  asked_.emplace(key);
  return table_.get(key);
}

std::string TomlEntries::text(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) refuse(fmt::format("{} needs {}", what_, key));
  const auto text = text_of_value(*node);
  if (!text || text->empty()) refuse(*node, fmt::format("{} must be a text", key));
  return *text;
}

std::string TomlEntries::text(std::string_view key, std::string_view otherwise) {
  return find(key) == nullptr ? std::string(otherwise) : text(key);
}

double TomlEntries::number(std::string_view key, double otherwise) {
  const toml::node* node = find(key);
  if (node == nullptr) return otherwise;
  if (!node->is_number()) refuse(*node, fmt::format("{} must be a number", key));
  return *node->value<double>();
}

std::int64_t TomlEntries::whole(std::string_view key, std::int64_t otherwise) {
  const toml::node* node = find(key);
  if (node == nullptr) return otherwise;
  const auto value = node->value_exact<std::int64_t>();
  if (!value || *value < 1) refuse(*node, fmt::format("{} must be a whole number of at least 1", key));
  return *value;
}

bool TomlEntries::yes(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return false;
  const auto value = node->value_exact<bool>();
  if (!value) refuse(*node, fmt::format("{} must be true or false", key));
  return *value;
}

std::vector<std::string> TomlEntries::list(std::string_view key) {
  std::vector<std::string> texts;
  const toml::node* node = find(key);
  if (node == nullptr) return texts;
  const auto add = [&](const toml::node& each) {
    const auto text = text_of_value(each);
    if (!text) refuse(each, fmt::format("{} must be a list of texts or numbers", key));
    texts.push_back(*text);
  };
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    add(*node);
    return texts;
  }
  for (const toml::node& each : *array) add(each);
  return texts;
}

std::vector<std::int64_t> TomlEntries::wholes(std::string_view key, std::int64_t most) {
  std::vector<std::int64_t> values;
  const toml::node* node = find(key);
  if (node == nullptr) return values;
  const auto add = [&](const toml::node& each) {
    const auto value = each.value_exact<std::int64_t>();
    if (!value || *value < 1 || *value > most)
      refuse(each, fmt::format("{} must be whole numbers from 1 to {}", key, most));
    values.push_back(*value);
  };
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& each : *array) add(each);
  } else {
    add(*node);
  }
  return values;
}

const toml::table* TomlEntries::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) refuse(*node, fmt::format("{} must be a table", key));
  return node->as_table();
}

std::vector<const toml::table*> TomlEntries::tables(std::string_view key) {
  std::vector<const toml::table*> all;
  const toml::node* node = find(key);
  if (node == nullptr) return all;
  const toml::array* array = node->as_array();
  if (array == nullptr) refuse(*node, fmt::format("{} must be written as [[{}]]", key, key));
  for (const toml::node& each : *array) {
    if (!each.is_table()) refuse(each, fmt::format("{} must be a list of tables", key));
    all.push_back(each.as_table());
  }
  return all;
}

const toml::array* TomlEntries::array(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) refuse(*node, fmt::format("{} must be a list", key));
  return node->as_array();
}

void TomlEntries::finish() const {
  for (const auto& [key, node] : table_) {
    if (asked_.contains(key.str())) continue;
    std::vector<std::string_view> known(asked_.begin(), asked_.end());
    refuse(node, fmt::format("{} has no '{}'; the nearest is {}", what_, key.str(), engine::nearest(key.str(), known)));
  }
}

}  // namespace apps
