#include "apps/settings/format.h"

#include <doctest/doctest.h>

using namespace apps;

namespace {

template <class T>
std::string round_trip(std::string_view text, const Range& range = {}) {
  const auto value = Format<T>::read(text, range);
  return value ? Format<T>::text(*value) : "refused";
}

}  // namespace

TEST_CASE("format: numbers read back to what they were, in the range as they are written") {
  CHECK(round_trip<double>("1e-3") == "0.001");
  CHECK(round_trip<float>("0.1") == "0.1");
  CHECK(round_trip<float>("1e-37", between(1e-37, 1e38)) == "1e-37");  // the nearest float is slightly smaller
  CHECK(round_trip<float>("9e-38", between(1e-37, 1e38)) == "refused");
  CHECK(round_trip<std::int64_t>("9223372036854775807") == "9223372036854775807");
  CHECK(round_trip<int>("64", between(0, 64)) == "64");
  for (const char* text : {"65", "6.0", "", "6 ", "0x6"}) CHECK(round_trip<int>(text, between(0, 64)) == "refused");
  CHECK(Format<float>::read("0.1", {}) == 0.1f);
}

TEST_CASE("format: several numbers, with commas between") {
  using Numbers = std::vector<double>;
  CHECK(round_trip<Numbers>("0.03,1e2,300") == "0.03,100,300");
  for (const char* text : {"", ",", "1,", "1,,2", "1, 2", "1,x", "1,0"})
    CHECK(round_trip<Numbers>(text, above(0)) == "refused");
}

TEST_CASE("format: several names, with commas between, or none") {
  using Names = std::vector<std::string>;
  CHECK(round_trip<Names>("group3,layer1") == "group3,layer1");
  CHECK(round_trip<Names>("") == "");
  CHECK(Format<Names>::read("", {}).value().empty());
  for (const char* text : {",", "a,", ",a", "a,,b", "a,b,a"}) CHECK(round_trip<Names>(text) == "refused");
}

TEST_CASE("format: an optional value is auto or a value") {
  CHECK(round_trip<std::optional<float>>("0.5", above(0)) == "0.5");
  CHECK(round_trip<std::optional<float>>("auto", above(0)) == "auto");
  CHECK(!Format<std::optional<float>>::read("auto", above(0)).value().has_value());
  CHECK(round_trip<std::optional<bool>>("off") == "off");
  for (const char* text : {"0", "", "AUTO"}) CHECK(round_trip<std::optional<float>>(text, above(0)) == "refused");
}

TEST_CASE("format: switches and devices") {
  CHECK(round_trip<bool>("true") == "on");
  CHECK(round_trip<bool>("off") == "off");
  CHECK(round_trip<bool>("1") == "refused");
  CHECK(round_trip<engine::Device>("cpu") == "cpu");
  CHECK(round_trip<engine::Device>("cuda") == "cuda");
  CHECK(round_trip<engine::Device>("cuda:0") == "cuda");
  CHECK(round_trip<engine::Device>("cuda:12") == "cuda:12");
  for (const char* text : {"", "gpu", "cuda:", "cuda:N", "cuda:-1", "cuda:1x", "cuda0"})
    CHECK(round_trip<engine::Device>(text) == "refused");
}

TEST_CASE("format: what is accepted, in a sentence and in --help") {
  CHECK(expectation(Kind::on_off, {}, {}) == "on or off");
  CHECK(expectation(Kind::whole, at_least(0), {}) == "a whole number of at least 0, and below 2^63");
  CHECK(expectation(Kind::number, above(0), {}) == "a number above 0");
  CHECK(expectation(Kind::numbers, between(1, 2), {}) == "numbers from 1 to 2 with commas between");
  CHECK(expectation(Kind::number, above(0), {"auto"}) == "a number above 0, or auto");
  CHECK(expectation(Kind::text, {}, {"a", "b"}) == "one of a, b");
  CHECK(expectation(Kind::text, {}, {}) == "text");
  CHECK(placeholder(Kind::numbers, {}) == "X,X,...");
  CHECK(expectation(Kind::names, {}, {}) == "different names with commas between, or nothing");
  CHECK(placeholder(Kind::names, {}) == "NAME,NAME,...");
  CHECK(placeholder(Kind::number, {"auto"}) == "X|auto");
  CHECK(placeholder(Kind::text, {"a", "b"}) == "a|b");
  CHECK(placeholder(Kind::text, {}) == "TEXT");
}

TEST_CASE("format: a text has a form") {
  CHECK(has_form("cuda:3", "cuda:N"));
  CHECK_FALSE(has_form("cuda:", "cuda:N"));
  CHECK(has_form("a.json", "FILE"));
  CHECK_FALSE(has_form("", "FILE"));
  CHECK(has_form("sgd", "sgd"));
  CHECK_FALSE(has_form("sgdx", "sgd"));
}
