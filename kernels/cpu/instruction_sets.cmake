# The CPU's kernels of a package: libantipode_cpu.so for every x86-64, and others of the same name for processors with AVX2
# and with AVX-512, in directories that glibc's loader (2.33 or newer) prefers on processors that have these instructions.
# The programs around them are compiled once, for every x86-64.
#
# Nothing but the kernels themselves leaves such a library (exports.map): were its instances of inline functions and
# templates visible, a program might call them, or they those of the program.
function(add_cpu_kernels_for TARGET LEVEL DIRECTORY)
  add_cpu_kernels(${TARGET} SHARED)
  set(EXPORTS "${CMAKE_CURRENT_SOURCE_DIR}/cpu/exports.map")
  set_target_properties(
    ${TARGET}
    PROPERTIES
      OUTPUT_NAME
        antipode_cpu
      LIBRARY_OUTPUT_DIRECTORY
        "${CMAKE_BINARY_DIR}/${DIRECTORY}"
      LINK_DEPENDS
        "${EXPORTS}"
      SKIP_BUILD_RPATH
        ON
  )
  target_compile_options(${TARGET} PRIVATE -march=${LEVEL})
  target_link_options(
    ${TARGET}
    PRIVATE
      "-Wl,--version-script=${EXPORTS}"
      "-Wl,-z,defs"
  )
  install(TARGETS ${TARGET} RUNTIME_DEPENDENCY_SET libraries LIBRARY DESTINATION ${DIRECTORY})
endfunction()

add_cpu_kernels_for(cpu_kernels x86-64 lib)
foreach(LEVEL x86-64-v3 x86-64-v4)
  add_cpu_kernels_for(cpu_kernels_${LEVEL} ${LEVEL} lib/glibc-hwcaps/${LEVEL})
endforeach()
