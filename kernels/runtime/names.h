#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace engine {

/// The names of an enumeration's values, in order, as used in flags, files and messages. An enumeration that is a
/// setting specialises this next to its declaration; a wrong number of names does not compile.
template <class Enum>
inline constexpr std::array<std::string_view, 0> kNames{};

namespace detail {

/// Whether the enumeration declares this value: compilers print undeclared values as numbers, most with a cast before
/// them.
template <class Enum, Enum kValue>
constexpr bool declared() {
  constexpr std::string_view text = __PRETTY_FUNCTION__, before = "kValue = ";
  constexpr std::string_view value = text.substr(text.rfind(before) + before.size());
  constexpr char first = value[value.rfind(')') + 1];  // of the value itself; npos + 1 is 0
  return first != '-' && (first < '0' || first > '9');
}

template <class Enum, int kCount = 0>
constexpr std::size_t count_declared() {
  if constexpr (declared<Enum, static_cast<Enum>(kCount)>()) return count_declared<Enum, kCount + 1>();
  return kCount;
}

}  // namespace detail

/// The number of values of an enumeration that counts from 0 without gaps.
template <class Enum>
inline constexpr std::size_t kDeclared = detail::count_declared<Enum>();

/// An enumeration in which every value has a name.
template <class Enum>
concept Named = kNames<Enum>
.size() > 0;

template <Named Enum>
constexpr std::string_view name(Enum value) {
  static_assert(kNames<Enum>.size() == kDeclared<Enum>, "every value of the enumeration needs one name in kNames");
  return kNames<Enum>[static_cast<std::size_t>(value)];
}

/// The value with that name; nothing if there is none.
template <Named Enum>
constexpr std::optional<Enum> named(std::string_view text) {
  static_assert(kNames<Enum>.size() == kDeclared<Enum>, "every value of the enumeration needs one name in kNames");
  for (std::size_t i = 0; i < kNames<Enum>.size(); ++i) {
    if (kNames<Enum>[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace engine
