# Installs the contents of a package: programs, the libraries they need beyond glibc, tools/report, recipes and experiments.
# Programs and their libraries find libraries through the program's RPATH; unlike a RUNPATH it applies to everything that a
# program loads.
foreach(PROGRAM IN LISTS PROGRAMS)
  set_target_properties(
    ${PROGRAM}
    PROPERTIES
      INSTALL_RPATH
        "$ORIGIN/../lib"
  )
  target_link_options(${PROGRAM} PRIVATE -Wl,--disable-new-dtags)
endforeach()
install(TARGETS ${PROGRAMS} RUNTIME_DEPENDENCY_SET libraries RUNTIME DESTINATION bin)
install(
  RUNTIME_DEPENDENCY_SET
    libraries
  PRE_EXCLUDE_REGEXES
    "^lib(antipode_cpu|c|dl|m|pthread|rt)\\.so"
    "^ld-linux"
  LIBRARY
    DESTINATION lib
)
install(PROGRAMS tools/report DESTINATION tools)
install(DIRECTORY tools/reporting DESTINATION tools PATTERN "__pycache__" EXCLUDE)
install(
  DIRECTORY
    recipes
    experiments
  DESTINATION .
)
install(
  FILES
    LICENSE
    README.md
  DESTINATION .
)
install(DIRECTORY docs DESTINATION .)
