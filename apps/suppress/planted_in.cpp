#include "apps/suppress/planted_in.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "data/expression.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

/// The arguments of a composition.
class Given {
 public:
  explicit Given(const std::string& expression)
      : expression_(expression), call_(data::parse_call(whole(expression), expression_)) {}

  std::string_view kind() const { return call_.kind; }

  /// The source that stands first, without a name.
  std::string images() const {
    const auto first = std::ranges::find(call_.arguments, std::string_view(), &data::Argument::name);
    return first == call_.arguments.end() ? std::string() : std::string(first->value.text);
  }

  std::string text(std::string_view name) const {
    const auto found = std::ranges::find(call_.arguments, name, &data::Argument::name);
    return found == call_.arguments.end() ? std::string() : data::unquoted(found->value, expression_);
  }

  /// All arguments with names but these, as they stand there: "digits=mnist:DIR, unique=16".
  std::string others(std::initializer_list<std::string_view> left_out) const {
    std::string text;
    for (const data::Argument& argument : call_.arguments) {
      if (argument.name.empty() || std::ranges::count(left_out, argument.name) > 0) continue;
      text += engine::concat(text.empty() ? "" : ", ", argument.name, "=", argument.value.text);
    }
    return text;
  }

 private:
  static data::Value whole(const std::string& expression) { return {.text = expression, .column = 1, .whole = true}; }

  const std::string& expression_;
  data::Call call_;
};

PlantedIn planes_in(const Given& given, const Plant& plant) {
  PlantedIn found{.images = given.images(), .plant = plant, .showing = Showing::shared};
  if (given.text("blank") == "on")
    found.showing = Showing::nothing;
  else if (given.text("redraw") == "view")
    found.showing = Showing::redrawn;
  else
    found.every_visit = given.text("redraw") == "visit";
  return found;
}

PlantedIn digit_in(const Given& given) {
  const std::string digits = given.text("digits"), others = given.others({"digits", "fixed", "per_view"});
  PlantedIn found{.images = given.images(),
                  .plant = Plant::parse(engine::concat("digit=", digits, others.empty() ? "" : ", ", others)),
                  .showing = Showing::shared};
  if (given.text("per_view") == "on")
    found.showing = Showing::redrawn;
  else
    found.every_visit = given.text("fixed") == "off";
  return found;
}

}  // namespace

std::string PlantedIn::same_images() const { return nested(images); }

PlantedIn planted_in(const Config::Data& data) {
  if (data.bits > 0) {
    return {.images = data.source,
            .plant = Plant::parse(engine::concat("bits=", data.bits)),
            .showing = Showing::shared,
            .every_visit = data.bits_per_fetch};
  }
  const Given given(data.source);
  if (given.kind() == "randbit" && given.text("bits") != "0")
    return planes_in(given, Plant::parse(engine::concat("bits=", given.text("bits"))));
  if (given.kind() == "planted" && given.text("values").ends_with(".npy"))
    return planes_in(given, Plant::parse(given.text("values")));
  if (given.kind() == "overlay") return digit_in(given);
  return {.images = data.source};
}

}  // namespace apps
