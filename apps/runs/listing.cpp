#include "apps/runs/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "apps/config/fields.h"
#include "apps/run/json_text.h"
#include "apps/settings/usage_error.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using Form = RunsSettings::Form;

constexpr const char* kUsual[] = {"run", "status", "step", "probe_test_accuracy", "top1", "knn"};

bool has(const std::vector<Entry>& entries, const std::string& key) {
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return value_of(entry, key); });
}

std::vector<std::string> keys_of_flags(const RunsSettings& settings) {
  std::vector<std::string> keys = settings.columns;
  for (const Filter& filter : settings.where) keys.push_back(filter.key);
  if (!settings.sort.empty()) keys.push_back(settings.sort);
  return keys;
}

void check_key(const std::vector<Entry>& entries, const std::string& key) {
  if (has(entries, key) || config_table().find(key)) return;
  std::set<std::string_view> known(std::begin(kUsual), std::end(kUsual));
  for (const ConfigField& field : config_table()) known.insert(field.key);
  for (const Entry& entry : entries) {
    for (const auto& [name, value] : entry.values) known.insert(name);
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  if (std::find(std::begin(kUsual), std::end(kUsual), key) != std::end(kUsual)) return;  // of no run yet
  throw UsageError(engine::concat("no run here has ", key, "; the nearest is ", engine::nearest(key, names)));
}

/// Long fractions are shortened: tables are for people.
std::string short_text(const std::string& value) {
  const std::optional<double> number = number_of(value);
  return number && value.size() > 8 ? fmt::format("{:.6g}", *number) : value;
}

/// Columns of equal width, two spaces apart.
std::string aligned(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], short_text(row[i]).size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format("{}{:<{}}", i == 0 ? "" : "  ", short_text(row[i]), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

/// RFC 4180: a field with a comma, a quotation mark or a line break is quoted.
std::string comma_separated(const Rows& rows) {
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      if (row[i].find_first_of(",\"\r\n") == std::string::npos) {
        text += row[i];
        continue;
      }
      text += '"';
      for (const char character : row[i]) text += character == '"' ? "\"\"" : std::string(1, character);
      text += '"';
    }
    text += '\n';
  }
  return text;
}

nlohmann::ordered_json json_of(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  if (number_of(*value)) {
    auto number = nlohmann::ordered_json::parse(*value, nullptr, false);
    if (number.is_number()) return number;
  }
  return *value;
}

}  // namespace

std::vector<Entry> chosen(std::vector<Entry> entries, const RunsSettings& settings) {
  for (const std::string& key : keys_of_flags(settings)) check_key(entries, key);
  std::erase_if(entries, [&](const Entry& entry) {
    return !std::all_of(settings.where.begin(), settings.where.end(),
                        [&](const Filter& filter) { return filter.holds(entry); });
  });
  if (!settings.sort.empty()) {
    std::stable_sort(entries.begin(), entries.end(), [&](const Entry& one, const Entry& other) {
      const auto a = value_of(one, settings.sort), b = value_of(other, settings.sort);
      if (!a || !b) return a.has_value() && !b.has_value();  // those without the key come last
      return settings.descending ? compare(*a, *b) > 0 : compare(*a, *b) < 0;
    });
  }
  if (settings.limit > 0 && static_cast<std::size_t>(settings.limit) < entries.size())
    entries.erase(entries.begin() + settings.limit, entries.end());
  return entries;
}

std::vector<std::string> columns_of(const std::vector<Entry>& entries, const RunsSettings& settings) {
  if (!settings.columns.empty()) return settings.columns;
  std::vector<std::string> columns;
  for (const char* key : kUsual) {
    if (has(entries, key)) columns.emplace_back(key);
  }
  for (const std::string& key : keys_of_flags(settings)) {
    if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
  }
  return columns;
}

std::string listing(const std::vector<Entry>& entries, const std::vector<std::string>& columns, Form form) {
  if (form == Form::json) {
    std::string text;
    for (const Entry& entry : entries) {
      nlohmann::ordered_json json;
      for (const std::string& key : columns) json[key] = json_of(value_of(entry, key));
      text += json_text(json) + "\n";
    }
    return text;
  }
  Rows rows{columns};
  for (const Entry& entry : entries) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& key : columns) row.push_back(value_of(entry, key).value_or(""));
  }
  return form == Form::csv ? comma_separated(rows) : aligned(rows);
}

std::string differences(const Entry& one, const Entry& other, Form form) {
  std::set<std::string> keys;
  for (const Entry* entry : {&one, &other}) {
    for (const auto& [key, value] : entry->values) keys.insert(key);
  }
  // First the configuration, in its own order, then what came of it.
  std::vector<std::string> order{"status"};
  for (const ConfigField& field : config_table()) {
    if (keys.erase(std::string(field.key)) > 0) order.emplace_back(field.key);
  }
  order.insert(order.end(), keys.begin(), keys.end());
  Rows rows{{"key", one.name, other.name}};
  std::string lines;
  for (const std::string& key : order) {
    const auto a = value_of(one, key), b = value_of(other, key);
    if (a == b) continue;
    rows.push_back({key, a.value_or(""), b.value_or("")});
    lines += json_text(nlohmann::ordered_json{{"key", key}, {"run", json_of(a)}, {"other", json_of(b)}}) + "\n";
  }
  if (form == Form::json) return lines;
  if (form == Form::csv) return comma_separated(rows);
  return rows.size() > 1 ? aligned(rows) : "no difference\n";
}

}  // namespace apps
