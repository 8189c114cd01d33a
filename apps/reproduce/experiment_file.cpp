#include "apps/reproduce/experiment_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "apps/reproduce/toml_entries.h"
#include "apps/run/exit_code.h"
#include "apps/run/recipes.h"
#include "apps/run/toml_layer.h"
#include "apps/run/toml_text.h"
#include "kernels/runtime/nearest.h"

namespace apps {
namespace {

/// Reads the parts of one experiment in order: later parts name earlier ones.
class Reader {
 public:
  Reader(const toml::table& root, std::string name, std::string_view source)
      : root_(root, source, "an experiment"), source_(source) {
    experiment_.name = std::move(name);
  }

  Experiment read() {
    read_heading();
    read_sources();
    read_axes();
    experiment_.set = layer(root_.table("set"));
    read_excluded();
    read_measures();
    read_published();
    read_trends();
    read_budgets();
    read_plot();
    root_.finish();
    check_names();
    return std::move(experiment_);
  }

 private:
  Layer layer(const toml::table* sections) const {
    Layer layer = sections == nullptr ? Layer{} : read_sections(*sections, source_);
    for (const Assignment& assignment : layer) check_placeholders(assignment.text, *sections);
    return layer;
  }

  /// Every {NAME} must be a source or an axis.
  void check_placeholders(const std::string& text, const toml::node& at) const {
    for (std::size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
      const std::string name = text.substr(open + 1, text.find('}', open) - open - 1);
      const auto same = [&](const NamedSource& source) { return source.name == name; };
      if (std::any_of(experiment_.sources.begin(), experiment_.sources.end(), same) || experiment_.find_axis(name))
        continue;
      root_.refuse(at, fmt::format("{{{}}} in '{}' is neither a source nor an axis of the experiment", name, text));
    }
  }

  const Axis& axis(const std::string& name, const toml::node& at) const {
    if (const Axis* found = experiment_.find_axis(name)) return *found;
    std::vector<std::string_view> all;
    for (const Axis& each : experiment_.axes) all.push_back(each.name);
    root_.refuse(at, fmt::format("there is no axis '{}'; the nearest is {}", name, engine::nearest(name, all)));
  }

  void check_value(const Axis& axis, const std::string& text, const toml::node& at) const {
    std::vector<std::string_view> all;
    for (const AxisValue& value : axis.values) all.push_back(value.text);
    if (std::find(all.begin(), all.end(), text) != all.end()) return;
    root_.refuse(at,
                 fmt::format("{} has no value '{}'; the nearest is {}", axis.name, text, engine::nearest(text, all)));
  }

  void read_heading() {
    experiment_.title = root_.text("title");
    experiment_.figure = root_.text("figure");
    experiment_.shows = root_.text("shows");
    experiment_.protocol = root_.text("protocol", "");
    experiment_.recipe = root_.text("recipe");
    check_recipe(experiment_.recipe);
  }

  void check_recipe(const std::string& recipe) const {
    try {
      read_recipe(recipe);
    } catch (const UsageError& error) { root_.refuse(error.what()); }
  }

  void read_sources() {
    for (const toml::table* table : root_.tables("source")) {
      TomlEntries entries(*table, source_, "a source");
      experiment_.sources.push_back({.name = entries.text("name"),
                                     .usual = entries.text("default"),
                                     .kinds = entries.list("kinds"),
                                     .needs = entries.text("needs"),
                                     .budget = entries.text("budget", ""),
                                     .stand_in = entries.text("stand_in", "")});
      entries.finish();
    }
  }

  /// A value that is only a text or a number, of an axis with a key or a placeholder.
  AxisValue plain_value(const Axis& axis, const toml::node& node) const {
    const auto text = text_of_value(node);
    if (!text) root_.refuse(node, fmt::format("a value of {} must be a text, a number or a table", axis.name));
    AxisValue value{.text = *text, .name = axis.prefix + *text, .set = {}, .recipe = {}};
    if (!axis.key.empty())
      value.set.push_back(
          {.field = config_table().find(axis.key), .text = *text, .where = fmt::format("{}: {}", source_, axis.name)});
    return value;
  }

  AxisValue value_of(const Axis& axis, const toml::node& node) const {
    const toml::table* table = node.as_table();
    AxisValue value;
    if (table == nullptr) {
      value = plain_value(axis, node);
    } else {
      TomlEntries entries(*table, source_, fmt::format("a value of {}", axis.name));
      value.text = entries.text("text");
      value.name = axis.prefix + entries.text("name", value.text);
      value.recipe = entries.text("recipe", "");
      value.untrained = entries.yes("untrained");
      value.set = layer(entries.table("set"));
      entries.finish();
      if (!value.recipe.empty()) check_recipe(value.recipe);
    }
    constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-";
    if (value.name.find_first_not_of(kAllowed) != value.name.npos)
      root_.refuse(node,
                   fmt::format("'{}' cannot be part of a run's name: give the value a name of letters, digits and "
                               "dots",
                               value.name));
    if (value.text.find_first_of(",|") != value.text.npos)
      root_.refuse(node,
                   fmt::format("the text '{}' has a comma or a bar, which separate values in --cells", value.text));
    for (const Assignment& assignment : value.set) {
      Config scratch;
      if (assignment.text.find('{') == assignment.text.npos)
        assignment.field->set(scratch, assignment.text, assignment.where);
    }
    return value;
  }

  /// A text that one of the axis' values has already stands for that value.
  std::vector<AxisValue> values_of(const Axis& axis, const toml::array& array) const {
    std::vector<AxisValue> values;
    for (const toml::node& node : array) {
      const auto same = [&](const AxisValue& known) { return known.text == text_of_value(node); };
      const auto known = std::find_if(axis.values.begin(), axis.values.end(), same);
      values.push_back(known == axis.values.end() ? value_of(axis, node) : *known);
    }
    for (const AxisValue& value : values) {
      const auto same = [&](const AxisValue& other) { return other.text == value.text || other.name == value.name; };
      if (std::count_if(values.begin(), values.end(), same) > 1)
        root_.refuse(array, fmt::format("{} has the value '{}' twice", axis.name, value.text));
    }
    if (values.empty()) root_.refuse(array, fmt::format("{} has no values", axis.name));
    return values;
  }

  void read_axes() {
    for (const toml::table* table : root_.tables("axis")) {
      TomlEntries entries(*table, source_, "an axis");
      Axis axis{.name = entries.text("name"), .key = entries.text("key", ""), .prefix = {}, .values = {}};
      axis.prefix = entries.text("prefix", "");
      if (!axis.key.empty() && config_table().find(axis.key) == nullptr)
        entries.refuse(fmt::format("unknown key '{}'; the nearest is {}", axis.key, config_table().nearest(axis.key)));
      const toml::array* values = entries.array("values");
      if (values == nullptr) entries.refuse(fmt::format("the axis {} needs values", axis.name));
      entries.finish();
      if (experiment_.find_axis(axis.name)) entries.refuse(fmt::format("there are two axes '{}'", axis.name));
      axis.values = values_of(axis, *values);
      experiment_.axes.push_back(std::move(axis));
    }
    if (experiment_.axes.empty()) root_.refuse("an experiment needs an [[axis]]");
  }

  /// `checked`: whether the values must be the experiment's own.
  Where where(const toml::table* table, bool checked = true) const {
    Where where;
    if (table == nullptr) return where;
    TomlEntries entries(*table, source_, "a place");
    for (const auto& [key, node] : *table) {
      const Axis& named = axis(std::string(key.str()), node);
      auto& texts = where[named.name] = entries.list(key.str());
      for (const std::string& text : texts) {
        if (checked) check_value(named, text, node);
      }
    }
    return where;
  }

  void read_excluded() {
    for (const toml::table* table : root_.tables("exclude")) experiment_.excluded.push_back(where(table));
  }

  void read_measures() {
    constexpr std::string_view kKinds[] = {"result", "metric", "lineval", "kmeans"};
    for (const toml::table* table : root_.tables("measure")) {
      TomlEntries entries(*table, source_, "a measure");
      Measure measure;
      measure.name = entries.text("name");
      measure.label = entries.text("label", measure.name);
      const std::string kind = entries.text("kind");
      const auto found = std::find(std::begin(kKinds), std::end(kKinds), kind);
      if (found == std::end(kKinds))
        entries.refuse(fmt::format("a measure's kind is one of {}, not '{}'", fmt::join(kKinds, ", "), kind));
      measure.kind = static_cast<MeasureKind>(found - std::begin(kKinds));
      if (measure.kind == MeasureKind::result) measure.key = entries.text("key", "probe_test_accuracy");
      if (measure.kind == MeasureKind::metric) measure.key = entries.text("key");
      if (measure.is_evaluation()) read_evaluation(entries, measure);
      measure.where = where(entries.table("where"));
      entries.finish();
      if (experiment_.find_measure(measure.name))
        entries.refuse(fmt::format("there are two measures '{}'", measure.name));
      experiment_.measures.push_back(std::move(measure));
    }
    if (experiment_.measures.empty()) root_.refuse("an experiment needs a [[measure]]");
  }

  void read_evaluation(TomlEntries& entries, Measure& measure) const {
    measure.tap = entries.text("tap", "");
    measure.data = entries.text("data", "");
    check_placeholders(measure.data, entries.node());
    measure.set = layer(entries.table("set"));
    if (measure.kind == MeasureKind::lineval) {
      measure.labels = entries.text("labels", "");
      measure.standardized = entries.yes("standardized");
      return;
    }
    constexpr int kMostClusters = 256;
    measure.raw = entries.text("raw", "");
    if (!measure.raw.empty() && measure.raw != "patches" && measure.raw != "mean-rgb")
      entries.refuse(fmt::format("raw is patches or mean-rgb, not '{}'", measure.raw));
    measure.images = entries.whole("images", measure.images);
    for (const std::int64_t clusters : entries.wholes("k", kMostClusters))
      measure.clusters.push_back(static_cast<int>(clusters));
    if (measure.clusters.empty()) entries.refuse("a measure of kmeans needs k, its numbers of clusters");
  }

  void check_quantity(const std::string& name, const toml::node& at) const {
    std::vector<std::string> all;
    for (const Quantity& quantity : experiment_.quantities()) all.push_back(quantity.name);
    if (std::find(all.begin(), all.end(), name) != all.end()) return;
    root_.refuse(at, fmt::format("nothing measures '{}'; measured are {}", name, fmt::join(all, ", ")));
  }

  /// Adds the numbers of nested lists, one level for each axis.
  void add_figures(const toml::node& node, std::size_t depth, const std::string& quantity,
                   std::vector<double>& figures) const {
    if (depth == experiment_.axes.size()) {
      if (!node.is_number())
        root_.refuse(node, fmt::format("published {} must be numbers, nan where there is none", quantity));
      figures.push_back(*node.value<double>());
      return;
    }
    const toml::array* array = node.as_array();
    const Axis& axis = experiment_.axes[depth];
    if (array == nullptr || array->size() != axis.values.size())
      root_.refuse(node, fmt::format("published {} needs {} entries here, one for each value of {}, and has {}",
                                     quantity, axis.values.size(), axis.name, array == nullptr ? 1 : array->size()));
    for (const toml::node& each : *array) add_figures(each, depth + 1, quantity, figures);
  }

  void read_published() {
    const toml::table* table = root_.table("published");
    if (table == nullptr) return;
    TomlEntries entries(*table, source_, "published");
    experiment_.published.source = entries.text("source");
    for (const auto& [key, node] : *table) {
      if (key == "source") continue;
      const std::string quantity(key.str());
      check_quantity(quantity, node);
      add_figures(node, 0, quantity, experiment_.published.values[quantity]);
    }
  }

  void read_trends() {
    constexpr std::string_view kExpected[] = {"falls", "rises", "flat"};
    for (const toml::table* table : root_.tables("trend")) {
      TomlEntries entries(*table, source_, "a trend");
      Trend trend;
      trend.says = entries.text("says");
      trend.quantity = entries.text("measure");
      check_quantity(trend.quantity, *table);
      trend.along = entries.text("along");
      const Axis& along = axis(trend.along, *table);
      for (auto [key, end] : {std::pair("from", &trend.from), std::pair("to", &trend.to)}) {
        *end = entries.text(key, "");
        if (!end->empty()) check_value(along, *end, *table);
      }
      trend.over = entries.text("over", "");
      if (!trend.over.empty()) axis(trend.over, *table);
      trend.where = where(entries.table("where"));
      const std::string expected = entries.text("expect");
      const auto found = std::find(std::begin(kExpected), std::end(kExpected), expected);
      if (found == std::end(kExpected))
        entries.refuse(fmt::format("a trend falls, rises or is flat; it is not '{}'", expected));
      trend.expected = static_cast<Trend::Expected>(found - std::begin(kExpected));
      trend.by = entries.number("by", 0);
      entries.finish();
      experiment_.trends.push_back(std::move(trend));
    }
  }

  Budget read_budget(const std::string& name, const toml::table& table) const {
    TomlEntries entries(table, source_, "a budget");
    Budget budget{.name = name, .note = entries.text("note", ""), .set = layer(entries.table("set"))};
    budget.seeds = entries.whole("seeds", budget.seeds);
    if (const toml::table* values = entries.table("values")) {
      for (const auto& [key, node] : *values) {
        const Axis& named = axis(std::string(key.str()), node);
        if (!node.is_array()) entries.refuse(node, fmt::format("values of {} must be a list", named.name));
        budget.values[named.name] = values_of(named, *node.as_array());
      }
    }
    entries.finish();
    return budget;
  }

  void read_budgets() {
    const toml::table* table = root_.table("budget");
    experiment_.budgets.push_back({.name = "paper"});
    if (table == nullptr) return;
    for (const auto& [key, node] : *table) {
      if (!node.is_table() || (key != "paper" && key != "small"))
        root_.refuse(node, fmt::format("a budget is [budget.paper] or [budget.small], not '{}'", key.str()));
      Budget budget = read_budget(std::string(key.str()), *node.as_table());
      if (key == "paper")
        experiment_.budgets.front() = std::move(budget);
      else
        experiment_.budgets.push_back(std::move(budget));
    }
  }

  void read_plot() {
    const toml::table* table = root_.table("plot");
    experiment_.plot = {.x = experiment_.axes.back().name,
                        .lines = experiment_.axes.size() > 1 ? experiment_.axes.front().name : ""};
    if (table == nullptr) return;
    TomlEntries entries(*table, source_, "a plot");
    experiment_.plot.x = entries.text("x", experiment_.plot.x);
    experiment_.plot.lines = entries.text("lines", experiment_.plot.lines);
    experiment_.plot.log_x = entries.yes("log_x");
    axis(experiment_.plot.x, *table);
    if (!experiment_.plot.lines.empty()) axis(experiment_.plot.lines, *table);
    entries.finish();
  }

  void check_names() const {
    constexpr double kMostPlaces = 100'000;
    for (const Budget& budget : experiment_.budgets) {
      double count = 1;
      for (const Axis& axis : experiment_.axes) count *= static_cast<double>(experiment_.values(axis, budget).size());
      if (count > kMostPlaces)
        root_.refuse(fmt::format("the axes have {:.3g} combinations with the budget {}; at most {} can be run", count,
                                 budget.name, kMostPlaces));
      std::set<std::string> names;
      for (const Place& place : places(experiment_, budget)) {
        const std::string name = name_at(experiment_, budget, place);
        if (!names.insert(name).second)
          root_.refuse(fmt::format("two places have the name '{}'; give their values other names", name));
      }
    }
  }

  TomlEntries root_;
  std::string_view source_;
  Experiment experiment_;
};

}  // namespace

Experiment read_experiment(std::string_view text, const std::string& name, const std::string& source) try {
  refuse_deep_keys(text, source);
  const toml::table root = toml::parse(as_utf8(text), source);
  return Reader(root, name, source).read();
} catch (const toml::parse_error& error) {
  throw UsageError(original_bytes(
      fmt::format("{}:{}: this is not TOML: {}", source, error.source().begin.line, error.description())));
} catch (const UsageError& error) { throw UsageError(original_bytes(error.what())); }

}  // namespace apps
