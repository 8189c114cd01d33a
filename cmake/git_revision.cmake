# cmake -DSOURCE=dir -DOUTPUT=file.h -P git_revision.cmake
# Writes the commit that is built, and whether tracked files differ from it. Runs at every build, but rewrites the header only
# if something changed: when HEAD moves, one small file is recompiled.
find_package(Git QUIET)
set(sha "unknown")
set(dirty "false")
if(GIT_EXECUTABLE)
  execute_process(
    COMMAND
      "${GIT_EXECUTABLE}" rev-parse --verify HEAD
    WORKING_DIRECTORY "${SOURCE}"
    OUTPUT_VARIABLE head
    OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed
    ERROR_QUIET
  )
  if(NOT failed)
    set(sha "${head}")
    execute_process(
      COMMAND
        "${GIT_EXECUTABLE}" status --porcelain --untracked-files=no
      WORKING_DIRECTORY "${SOURCE}"
      OUTPUT_VARIABLE changes
    )
    if(NOT changes STREQUAL "")
      set(dirty "true")
    endif()
  endif()
endif()
set(
  text
  "#pragma once

inline constexpr char kGitSha[] = \"${sha}\";
inline constexpr bool kGitDirty = ${dirty};
"
)
set(before "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT before STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()
