#include "apps/suppress/plant.h"

#include <filesystem>

#include "apps/run/flags.h"
#include "apps/settings/usage_error.h"
#include "data/expression.h"
#include "kernels/runtime/error.h"

namespace apps {
namespace {

constexpr std::string_view kBits = "bits=", kDigit = "digit";

std::string quoted(std::string_view path) {
  std::string text = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace

std::string nested(const std::string& images) {
  const data::Call call = data::parse_call({.text = images, .column = 1, .whole = true}, images);
  const std::size_t colon = call.kind.size();
  if (colon >= images.size() || images[colon] != ':') return images;
  const std::string_view path = std::string_view(images).substr(colon + 1);
  if (path.empty() || path.front() == '"') return images;
  return engine::concat(call.kind, ":", quoted(path));
}

Plant Plant::parse(const std::string& text) {
  Plant plant;
  plant.text_ = text;
  if (text.starts_with(kBits)) {
    plant.kind_ = Kind::bits;
    plant.of_ = std::to_string(whole_number(text.substr(kBits.size()), "--plant bits", 1, 64));
  } else if (text == kDigit || (text.starts_with(kDigit) && text[kDigit.size()] == '=' && !text.ends_with('='))) {
    plant.kind_ = Kind::digit;
    plant.of_ = text == kDigit ? "digits:" : text.substr(kDigit.size() + 1);
  } else if (text.ends_with(".npy")) {
    plant.kind_ = Kind::values;
    plant.of_ = text;
  } else {
    throw UsageError(engine::concat("--plant must be bits=N, digit, digit=SOURCE or FILE.npy, got '", text, "'"));
  }
  return plant;
}

std::string Plant::source(const std::string& images, Showing showing) const {
  const char* planes = "";  // how bits and values are shown
  switch (showing) {
    case Showing::nothing:
      if (kind_ == Kind::digit) return images;
      planes = ", blank=on";
      break;
    case Showing::shared: break;
    case Showing::redrawn: planes = ", redraw=view"; break;
  }
  switch (kind_) {
    case Kind::bits: return engine::concat("randbit(", nested(images), ", bits=", of_, planes, ")");
    case Kind::values: return engine::concat("planted(", nested(images), ", values=", quoted(of_), planes, ")");
    case Kind::digit: break;
  }
  const char* drawn = showing == Showing::redrawn ? ", fixed=off, per_view=on" : "";
  return engine::concat("overlay(", nested(images), ", digits=", of_, drawn, ")");
}

std::string Plant::file_name() const {
  switch (kind_) {
    case Kind::bits: return "bits" + of_;
    case Kind::digit: return "digit";
    case Kind::values: break;
  }
  return std::filesystem::path(of_).stem();
}

std::string Plant::label_set() const {
  switch (kind_) {
    case Kind::bits: return "bits";
    case Kind::digit: return "digit";
    case Kind::values: break;
  }
  return "planted";
}

std::string Plant::words() const {
  switch (kind_) {
    case Kind::bits: return of_ == "1" ? "the planted bit" : engine::concat("the planted ", of_, " bits");
    case Kind::digit: return "the planted digit";
    case Kind::values: break;
  }
  return "the planted values";
}

}  // namespace apps
