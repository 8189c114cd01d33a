#pragma once
#include <doctest/doctest.h>

#include <string>

/// The message of the Exception that `call` throws, for tests of whole sentences.
template <class Exception, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Exception& error) { return error.what(); }
  FAIL("expected an exception");
  return {};
}
