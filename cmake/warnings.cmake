# Flags for our own code, on an interface target so that nothing global is set.
add_library(warnings INTERFACE)
target_compile_options(warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                          $<$<BOOL:${ANTIPODE_WERROR}>:-Werror>)
target_include_directories(warnings INTERFACE "${CMAKE_SOURCE_DIR}")
if(ANTIPODE_NATIVE)
  target_compile_options(warnings INTERFACE -march=native)
endif()
if(ANTIPODE_SANITIZE)
  target_compile_options(warnings INTERFACE -fsanitize=${ANTIPODE_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
  target_link_options(warnings INTERFACE -fsanitize=${ANTIPODE_SANITIZE})
endif()
