# Flags for our own code, on an interface target so that nothing global is set. Not for nvcc, whose intermediate code is
# full of what these complain of: see cuda.cmake.
set(
  OUR_FLAGS
  -Wall
  -Wextra
  -Wpedantic
  -Wshadow
  -Wconversion
  -Wno-sign-conversion
)
if(ANTIPODE_WERROR)
  list(APPEND OUR_FLAGS -Werror)
endif()
if(ANTIPODE_NATIVE)
  list(APPEND OUR_FLAGS -march=native)
endif()
add_library(warnings INTERFACE)
target_include_directories(warnings INTERFACE "${CMAKE_SOURCE_DIR}")
if(ANTIPODE_SANITIZE)
  list(
    APPEND OUR_FLAGS
    -fsanitize=${ANTIPODE_SANITIZE}
    -fno-omit-frame-pointer
    -fno-sanitize-recover=all
  )
  target_link_options(warnings INTERFACE -fsanitize=${ANTIPODE_SANITIZE})
endif()
target_compile_options(warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${OUR_FLAGS}>")
if(ANTIPODE_PACKAGE) # messages name source files, not directories of the machine that built them
  target_compile_options(warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>")
endif()
