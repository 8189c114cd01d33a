#include "data/expression.h"

#include <doctest/doctest.h>

#include "kernels/runtime/error.h"
#include "tests/engine/io/message_of.h"

using data::Call;
using data::elements;
using data::parse_call;
using data::unquoted;

namespace {

Call parse(std::string_view text) { return parse_call({.text = text, .column = 1, .whole = true}, text); }

std::string failure(std::string_view text) {
  return message_of<engine::DataError>([&] { parse(text); });
}

}  // namespace

TEST_CASE("expression: a kind and its path, which is all that follows") {
  const Call call = parse("mnist:/a (b), c = d/\"e\"");
  CHECK(call.kind == "mnist");
  REQUIRE(call.arguments.size() == 1);
  CHECK(call.arguments[0].name.empty());
  CHECK(call.arguments[0].value.text == "/a (b), c = d/\"e\"");
  CHECK(call.arguments[0].value.column == 7);
  CHECK(parse("digits:").arguments.empty());
  CHECK(parse("digits").kind == "digits");
}

TEST_CASE("expression: arguments with and without names, each with its place") {
  const std::string_view text = "randbit( multidigits(mnist:DIR, digits=2) , bits = 10 )";
  const Call call = parse(text);
  CHECK(call.kind == "randbit");
  REQUIRE(call.arguments.size() == 2);
  CHECK(call.arguments[0].value.text == "multidigits(mnist:DIR, digits=2)");
  CHECK(call.arguments[0].value.column == 10);
  CHECK(call.arguments[1].name == "bits");
  CHECK(call.arguments[1].value.text == "10");
  CHECK(text.substr(call.arguments[1].value.column - 1, 2) == "10");
  const Call inner = parse_call(call.arguments[0].value, text);
  CHECK(inner.kind == "multidigits");
  CHECK(inner.column == 10);
  REQUIRE(inner.arguments.size() == 2);
  CHECK(inner.arguments[0].value.text == "mnist:DIR");
  CHECK(inner.arguments[1].name == "digits");
  CHECK(parse("trifeature()").arguments.empty());
}

TEST_CASE("expression: a path with commas and parentheses stands in quotes") {
  const std::string_view text = R"(overlay(folder:"/my (old), \"best\" files", digits=mnist:/d))";
  const Call call = parse(text);
  REQUIRE(call.arguments.size() == 2);
  const Call folder = parse_call(call.arguments[0].value, text);
  CHECK(unquoted(folder.arguments[0].value, text) == R"(/my (old), "best" files)");
  const Call digits = parse_call(call.arguments[1].value, text);
  CHECK(unquoted(digits.arguments[0].value, text) == "/d");
}

TEST_CASE("expression: lists in brackets") {
  const std::string_view text = "subset(cifar10:DIR, classes=[3, 5,8], fraction=0.1)";
  const Call call = parse(text);
  REQUIRE(call.arguments.size() == 3);
  std::vector<std::string_view> values;
  for (const data::Value& value : elements(call.arguments[1].value, text)) values.push_back(value.text);
  CHECK(values == std::vector<std::string_view>{"3", "5", "8"});
  CHECK(elements(call.arguments[2].value, text).size() == 1);
  CHECK(elements({.text = "[]", .column = 1}, "[]").empty());
}

TEST_CASE("expression: a mistake is shown where it stands") {
  CHECK(failure("") == "data.source: expected the kind of a source, such as mnist:DIR, at column 1 of ''");
  CHECK(failure("(mnist:D)") ==
        "data.source: expected the kind of a source, such as mnist:DIR, at column 1 of '(mnist:D)'");
  CHECK(failure("mnist/D") == "data.source: expected ':' or '(' after 'mnist', at column 6 of 'mnist/D'");
  CHECK(failure({"a\0b\n", 4}) == "data.source: expected ':' or '(' after 'a', at column 2 of 'a?b?'");
  CHECK(failure("a(b(c)") == "data.source: '(' is not closed, at column 2 of 'a(b(c)'");
  CHECK(failure("a(b))") == "data.source: ')' closes nothing, at column 5 of 'a(b))'");
  CHECK(failure("a([b)") == "data.source: ')' closes nothing, at column 5 of 'a([b)'");
  CHECK(failure("a(b) c") == "data.source: expected nothing after the arguments of 'a', at column 2 of 'a(b) c'");
  CHECK(failure("a(b, , c)") == "data.source: an argument of 'a' is missing, at column 6 of 'a(b, , c)'");
  CHECK(failure("a(b, c=)") == "data.source: the parameter 'c' has no value, at column 6 of 'a(b, c=)'");
  CHECK(failure("a(f:\"x)") == "data.source: the quotes are not closed, at column 5 of 'a(f:\"x)'");
  CHECK(failure(std::string(100, '(').insert(0, "a")).starts_with("data.source: sources are nested too deeply"));
}
