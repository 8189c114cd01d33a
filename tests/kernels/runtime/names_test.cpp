#include "kernels/runtime/names.h"

#include <doctest/doctest.h>

namespace names_test {

enum class Colour { red, dark_green };
enum class Unnamed { one, two, three };

}  // namespace names_test

using namespace names_test;

template <>
inline constexpr std::array engine::kNames<names_test::Colour> = {"red", "dark-green"};

TEST_CASE("names: a value and its name, both ways") {
  CHECK(engine::name(Colour::red) == "red");
  CHECK(engine::name(Colour::dark_green) == "dark-green");
  CHECK(engine::named<Colour>("dark-green") == Colour::dark_green);
  for (const char* wrong : {"", "dark_green", "Red", "red "}) CHECK_FALSE(engine::named<Colour>(wrong));
}

TEST_CASE("names: the values that an enumeration declares are counted, and those with names known") {
  static_assert(engine::kDeclared<Colour> == 2);
  static_assert(engine::kDeclared<Unnamed> == 3);
  static_assert(engine::Named<Colour>);
  static_assert(!engine::Named<Unnamed>);
  static_assert(!engine::Named<int>);
}
