#include "data/sources/blank.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "kernels/runtime/error.h"

namespace data {
namespace {

constexpr std::uint8_t kGrey = 128;

}  // namespace

Blank::Blank(const Options& options, Split split) : options_(options), split_(split) {
  const auto within = [](std::int64_t number, std::int64_t least, std::int64_t most) {
    return number >= least && number <= most;
  };
  EXPECTS(within(options.examples, 1, kMostExamples) && within(options.test_examples, 0, kMostExamples),
          "blank: expected 1 to ", kMostExamples, " images, got examples=", options.examples,
          " and test_examples=", options.test_examples);
  EXPECTS(within(options.extent.height, 1, kMostSide) && within(options.extent.width, 1, kMostSide),
          "blank: expected 1 to ", kMostSide, " pixels a side, got height=", options.extent.height,
          " and width=", options.extent.width);
  EXPECTS(within(options.channels, 1, kMostChannels) && within(options.classes, 0, kMostClasses),
          "blank: expected 1 to ", kMostChannels, " channels and 0 to ", kMostClasses,
          " classes, got channels=", options.channels, " and classes=", options.classes);
  layout_.channels = options.channels;
  layout_.extent = options.extent;
  if (options.classes > 0) layout_.labels.push_back({.name = kClassLabel, .classes = options.classes});
}

std::int64_t Blank::size() const {
  if (split_ == Split::train) return options_.examples;
  return options_.test_examples > 0 ? options_.test_examples : std::max<std::int64_t>(options_.examples / 10, 1);
}

std::optional<std::int32_t> Blank::label(std::int64_t example) const {
  if (options_.classes == 0) return {};
  return static_cast<std::int32_t>(example % options_.classes);
}

void Blank::read(const Visit& visit, const DecodeHint& /*hint*/, Example& example) const {
  std::uint8_t* pixels = example.resize(options_.extent, options_.channels);
  std::memset(pixels, kGrey, example.pixels.size());
  example.labels.clear();
  if (const auto class_of = label(visit.example)) example.labels.push_back(*class_of);
  example.bits = {};
}

void Blank::fingerprint(engine::Sha256& hash) const {
  const std::int64_t numbers[] = {static_cast<std::int64_t>(split_),
                                  size(),
                                  options_.extent.height,
                                  options_.extent.width,
                                  options_.channels,
                                  options_.classes};
  hash.update(std::as_bytes(std::span(numbers)));
}

std::string Blank::describe() const {
  return engine::concat("blank: (", split_ == Split::train ? "train" : "test", ", ", size(), " grey images of ",
                        options_.extent.height, " x ", options_.extent.width, ")");
}

}  // namespace data
