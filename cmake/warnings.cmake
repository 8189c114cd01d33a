# Warning flags for our own code, on an interface target: nothing global is set. Not for nvcc, whose intermediate code causes many
# of these warnings: see cuda.cmake.
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
if(ANTIPODE_PACKAGE) # error messages contain paths of source files without the build machine's directories
  target_compile_options(warnings INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=>")
endif()
