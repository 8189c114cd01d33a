#include "apps/run/toml_text.h"

#include <doctest/doctest.h>

#include <random>

#include "apps/run/config_layers.h"

using apps::as_utf8;
using apps::original_bytes;

TEST_CASE("toml_text: what is UTF-8 stays, and every other byte has a character of its own") {
  CHECK(as_utf8("mnist:dat/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \"\n") ==
        "mnist:dat/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \"\n");
  CHECK(as_utf8("a\xe9z") == "a\xf4\x8f\x9f\xa9z");  // U+10F7E9
  CHECK(as_utf8("\x80") == "\xf4\x8f\x9e\x80");
  CHECK(as_utf8("\xff") == "\xf4\x8f\x9f\xbf");
  for (const char* text : {"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x80\x80\x80", "\xf4\x8f\x9f\xa9"}) {
    CHECK(as_utf8(text).size() == 4 * std::string(text).size());
    CHECK(original_bytes(as_utf8(text)) == text);
  }
}

TEST_CASE("toml_text: any bytes come back, also through a configuration") {
  std::minstd_rand random(3);
  const auto below = [&](unsigned end) { return static_cast<unsigned>(random()) % end; };
  const std::string pieces[] = {"\xc3\xa9", "\xf4\x8f\x9f\xa9", "\xf4\x8f", "\"", "\\", "\"\"\"", "\\u0041", "\n", "#"};
  for (int i = 0; i < 3000; ++i) {
    std::string bytes;
    for (unsigned count = below(12); count > 0; --count) {
      if (below(3) == 0) {
        bytes += pieces[below(std::size(pieces))];
      } else {
        bytes += static_cast<char>(1 + below(255));
      }
    }
    CAPTURE(bytes);
    REQUIRE(original_bytes(as_utf8(bytes)) == bytes);
    apps::Config config;
    config.train.steps = 1;
    config.data.source = bytes;
    apps::Config read;
    apps::apply_layer(read, apps::read_toml(apps::to_toml(config), "config.toml"));
    REQUIRE(read.data.source == bytes);
  }
}

TEST_CASE("toml_text: a string shows the bytes that it stands for") {
  CHECK(apps::toml_string("dat\xe9/\xc3\xa9") == "\"dat\xe9/\xc3\xa9\"");
  CHECK(apps::toml_string("a\"b\\c\n\x7f") == "\"a\\\"b\\\\c\\u000A\\u007F\"");
}
