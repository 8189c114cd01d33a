#include "data/sources/blank.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "data/kinds.h"
#include "data/loader.h"
#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"

using data::Blank;
using data::Role;
using data::Split;
using Options = data::Blank::Options;

TEST_CASE("blank: by default as many images as ImageNet, of its size") {
  const auto source = data::open_source("blank()", {});
  CHECK(source->describe() == "blank: (train, 1281167 grey images of 375 x 500)");
  CHECK(data::image_shape(*source) == engine::Shape{375, 500, 3});
  CHECK(source->layout().labels == std::vector<data::LabelSet>{{.name = "label", .classes = 1000}});
  CHECK(data::open_source("blank()", {.role = Role::probe_test})->size() == 128116);
}

TEST_CASE("blank: every parameter decides what it says") {
  const std::string expression = "blank(examples=70, test_examples=9, height=5, width=7, channels=1, classes=3)";
  const auto train = data::open_source(expression, {}),
             test = data::open_source(expression, {.role = Role::probe_test});
  CHECK(train->size() == 70);
  CHECK(test->size() == 9);
  data::Example example;
  test->read({.example = 8, .fetch = 80}, {}, example);
  CHECK(example.extent == data::Extent{5, 7});
  CHECK(example.pixels == std::vector<std::uint8_t>(35, 128));
  CHECK(example.labels == std::vector<std::int32_t>{2});
  CHECK(test->label(8) == 2);
  CHECK(data::open_source("subset(blank(examples=70, classes=3), classes=[1])", {})->size() == 23);
}

TEST_CASE("blank: the test split has a tenth of the images, and one at least, and none has labels without classes") {
  CHECK(Blank({.examples = 99}, Split::test).size() == 9);
  CHECK(Blank({.examples = 2}, Split::test).size() == 1);
  const Blank source({.examples = 4, .extent = {2, 2}, .classes = 0}, Split::train);
  CHECK(source.layout().labels.empty());
  CHECK_FALSE(source.label(1).has_value());
  data::Example example;
  example.labels = {7};
  source.read({.example = 3, .fetch = 3}, {}, example);
  CHECK(example.labels.empty());
}

TEST_CASE("blank: the fingerprint tells splits and options apart") {
  const auto of = [](const Options& options, Split split = Split::train) {
    return data::fingerprint(Blank(options, split));
  };
  const std::string plain = of({});
  CHECK(of({}) == plain);
  for (const std::string& other : {of({}, Split::test), of({.examples = 9}), of({.extent = {375, 501}}),
                                   of({.extent = {376, 500}}), of({.channels = 1}), of({.classes = 10})})
    CHECK(other != plain);
}

TEST_CASE("blank: refuses options out of range, in a sentence each") {
  const auto expect = [](const Options& options, const std::string& sentence) {
    CHECK(message_of<engine::Error>([&] { Blank(options, Split::train); }) == sentence);
  };
  expect({.examples = 0}, "blank: expected 1 to 1099511627776 images, got examples=0 and test_examples=0");
  expect({.examples = 1, .test_examples = -1},
         "blank: expected 1 to 1099511627776 images, got examples=1 and test_examples=-1");
  expect({.extent = {0, 5}}, "blank: expected 1 to 16384 pixels a side, got height=0 and width=5");
  expect({.extent = {5, 16385}}, "blank: expected 1 to 16384 pixels a side, got height=5 and width=16385");
  expect({.channels = 0},
         "blank: expected 1 to 1024 channels and 0 to 16777216 classes, got channels=0 and "
         "classes=1000");
  expect({.classes = -1},
         "blank: expected 1 to 1024 channels and 0 to 16777216 classes, got channels=3 and classes=-1");
}
