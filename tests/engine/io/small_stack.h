#pragma once
#include <doctest/doctest.h>
#include <pthread.h>

/// Calls `call` in a thread with a stack of `bytes`: deeper recursion ends the process.
template <class Call>
void on_small_stack(std::size_t bytes, Call&& call) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::remove_reference_t<Call>*>(argument))();
    return nullptr;
  };
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &attributes, run, &call) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}
