# The CPU's kernels in a package: libantipode_cpu.so for every x86-64 processor, and libraries of the same name for AVX2 and
# AVX-512, in directories that glibc's loader (2.33 or newer) prefers on processors with these instructions. The programs are
# compiled once, for every x86-64 processor.
#
# Such a library exports only the kernels (exports.map). If its instances of inline functions and templates were visible,
# programs might call these instances, or the library might call the program's.
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
