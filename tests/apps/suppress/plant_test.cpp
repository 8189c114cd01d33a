#include "apps/suppress/plant.h"

#include <doctest/doctest.h>

#include "apps/settings/usage_error.h"
#include "tests/engine/io/message_of.h"

using namespace apps;

TEST_CASE("plant: bits are blank, shared, or drawn for every view, in a network of the same size") {
  const Plant bits = Plant::parse("bits=12");
  CHECK(bits.source("mnist:/data", Showing::nothing) == R"(randbit(mnist:"/data", bits=12, blank=on))");
  CHECK(bits.source("mnist:/data", Showing::shared) == R"(randbit(mnist:"/data", bits=12))");
  CHECK(bits.source("mnist:/data", Showing::redrawn) == R"(randbit(mnist:"/data", bits=12, redraw=view))");
  CHECK(bits.label_set() == "bits");
  CHECK(bits.words() == "the planted 12 bits");
  CHECK(bits.file_name() == "bits12");
  CHECK(Plant::parse("bits=1").words() == "the planted bit");
  CHECK_FALSE(Plant::parse("bits=1").many());
  CHECK(bits.many());
}

TEST_CASE("plant: a digit lies over the images, those of the program or of a source") {
  const Plant digit = Plant::parse("digit");
  CHECK(digit.source("folder:x", Showing::nothing) == "folder:x");
  CHECK(digit.source("folder:x", Showing::shared) == R"(overlay(folder:"x", digits=digits:))");
  CHECK(digit.source("folder:x", Showing::redrawn) == R"(overlay(folder:"x", digits=digits:, fixed=off, per_view=on))");
  CHECK(digit.label_set() == "digit");
  CHECK(digit.words() == "the planted digit");
  CHECK(digit.file_name() == "digit");
  CHECK_FALSE(digit.has_planes());
  CHECK(Plant::parse("digit=mnist:DIR, digit_size=0.25").source("folder:x", Showing::shared) ==
        R"(overlay(folder:"x", digits=mnist:DIR, digit_size=0.25))");
}

TEST_CASE("plant: values of a file") {
  const Plant values = Plant::parse("a dir/scan,ner.npy");
  CHECK(values.source("digits:", Showing::nothing) == R"(planted(digits:, values="a dir/scan,ner.npy", blank=on))");
  CHECK(values.source("digits:", Showing::shared) == R"(planted(digits:, values="a dir/scan,ner.npy"))");
  CHECK(values.source("digits:", Showing::redrawn) == R"(planted(digits:, values="a dir/scan,ner.npy", redraw=view))");
  CHECK(values.label_set() == "planted");
  CHECK(values.words() == "the planted values");
  CHECK(values.file_name() == "scan,ner");
  CHECK(values.has_planes());
}

TEST_CASE("plant: a path that is the whole source is quoted where it becomes a part, compositions stay as they are") {
  const Plant bits = Plant::parse("bits=2");
  CHECK(bits.source(R"(folder:/a, "b")", Showing::shared) == R"(randbit(folder:"/a, \"b\"", bits=2))");
  CHECK(bits.source(R"(folder:"/a")", Showing::shared) == R"(randbit(folder:"/a", bits=2))");
  CHECK(bits.source("resize(digits:, size=14)", Showing::shared) == "randbit(resize(digits:, size=14), bits=2)");
  CHECK(bits.source("trifeature", Showing::shared) == "randbit(trifeature, bits=2)");
}

TEST_CASE("plant: anything else is refused in one sentence") {
  const auto refusal = [](const std::string& text) { return message_of<UsageError>([&] { Plant::parse(text); }); };
  CHECK(refusal("watermark") == "--plant must be bits=N, digit, digit=SOURCE or FILE.npy, got 'watermark'");
  CHECK(refusal("digit=") == "--plant must be bits=N, digit, digit=SOURCE or FILE.npy, got 'digit='");
  CHECK(refusal("digits") == "--plant must be bits=N, digit, digit=SOURCE or FILE.npy, got 'digits'");
  for (const char* bits : {"0", "65", "-1", "x", "", "1.5"}) {
    CAPTURE(bits);
    CHECK(refusal(std::string("bits=") + bits).starts_with("--plant bits must be a whole number from 1 to 64, got '"));
  }
}
