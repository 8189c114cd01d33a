#pragma once
#include <doctest/doctest.h>

#include <string>

/// What `call` throws as an Exception: its message, for tests of whole sentences.
template <class Exception, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Exception& error) { return error.what(); }
  FAIL("expected an exception");
  return {};
}
