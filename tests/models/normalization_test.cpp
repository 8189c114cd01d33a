#include "models/normalization.h"

#include <doctest/doctest.h>

using models::Normalization;

TEST_CASE("normalization: texts and numbers are the same") {
  CHECK(Normalization::parse("none") == Normalization{});
  CHECK(Normalization::parse("imagenet") == Normalization::imagenet());
  CHECK(Normalization::parse("0.485,0.456,0.406/0.229,0.224,0.225") == Normalization::imagenet());
  CHECK(Normalization::parse("0.5/0.25") == Normalization{.mean = {0.5}, .std = {0.25}});
  for (const char* text : {"none", "imagenet", "0.5/0.25", "0,0.1/1,2"})
    CHECK(Normalization::parse(text)->text() == text);
  CHECK(Normalization::parse("0,0/1,1") == Normalization{});
  CHECK_FALSE(Normalization{});
  CHECK(Normalization::imagenet());
}

TEST_CASE("normalization: metadata of files") {
  CHECK(Normalization::parse("0", "1") == Normalization{});
  CHECK(Normalization::parse("0.485,0.456,0.406", "0.229,0.224,0.225") == Normalization::imagenet());
  CHECK(Normalization{}.mean_text() == "0");
  CHECK(Normalization{}.std_text() == "1");
  CHECK(Normalization::imagenet().mean_text() == "0.485,0.456,0.406");
  CHECK(Normalization::imagenet().std_text() == "0.229,0.224,0.225");
}

TEST_CASE("normalization: other texts are none") {
  for (const char* text : {"", "/", "0.5", "0.5/", "/0.5", "0.5/0", "0.5/-1", "0.5/0.5,0.5", "0.5,/0.5,0.5", "nan/1",
                           "0/inf", "0/nan", "1e7/1", "0/1e-7", "0/1e7", "x/1", "0.5 /1", "imagenet/1"}) {
    CAPTURE(text);
    CHECK_FALSE(Normalization::parse(text));
  }
}
