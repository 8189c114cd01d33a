# The programs of the CUDA build with the interpreter in place of a GPU: all code but cuDNN, cuBLASLt and CUDA's runtime is the
# same. These files are linked before the libraries, whose own implementations the linker then ignores.
set(
  INTERPRETED_KERNELS
  fast
  CACHE STRING
  "kernels of interpreted programs: fast, or check, which sees every memory access"
)
set_property(
  CACHE
    INTERPRETED_KERNELS
  PROPERTY
    STRINGS
      fast
      check
)
if(NOT INTERPRETED_KERNELS MATCHES "^(fast|check)$")
  message(FATAL_ERROR "INTERPRETED_KERNELS must be fast or check, got ${INTERPRETED_KERNELS}")
endif()
string(TOUPPER "${INTERPRETED_KERNELS}" UPPER)
add_library(interpreted_kernels OBJECT ${CUDA_KERNELS})
target_compile_options(
  interpreted_kernels
  PRIVATE
    ${DEVICE_OPTIONS}
    ${${UPPER}_OPTIONS}
)
target_link_libraries(
  interpreted_kernels
  PRIVATE
    simt_language
    warnings
    kernels
)
add_library(
  interpreted_backend
  OBJECT
  programs/make_backend.cpp
  programs/vendor_kernels.cpp
)
target_include_directories(interpreted_backend SYSTEM PRIVATE "${CUDA_HEADERS}")
target_link_libraries(
  interpreted_backend
  PRIVATE
    warnings
    kernels
)
set(
  INTERPRETED
  $<TARGET_OBJECTS:simt_interpreter>
  $<TARGET_OBJECTS:interpreted_kernels>
  $<TARGET_OBJECTS:interpreted_backend>
  $<TARGET_OBJECTS:nccl_stand_in>
)

foreach(PROGRAM IN LISTS PROGRAMS)
  add_executable(
    interpreted_${PROGRAM}
    "${CMAKE_SOURCE_DIR}/apps/${PROGRAM}.cpp"
    ${INTERPRETED}
  )
  get_target_property(LIBRARIES ${PROGRAM} LINK_LIBRARIES)
  target_link_libraries(
    interpreted_${PROGRAM}
    PRIVATE
      ${LIBRARIES}
      kernels_tcp
  )
endforeach()

# The tests of whole runs on a GPU, with these programs; and tests in one process of the interpreted device itself.
antipode_test(
  NAME interpreted_program_tests
  LABEL cuda
  SOURCES
    ../cuda/kmeans_test.cpp
    ../cuda/pretrain_test.cpp
    ../apps/program.cpp
    ../apps/tiny_mnist.cpp
    ../apps/workbench.cpp
  LIBRARIES
    barely_optimized
    data
    engine_io
    nlohmann_json::nlohmann_json
    ZLIB::ZLIB
)
target_compile_definitions(
  interpreted_program_tests
  PRIVATE
    INTERPRETED=1
    KMEANS="$<TARGET_FILE:interpreted_kmeans>"
    PRETRAIN="$<TARGET_FILE:interpreted_pretrain>"
    LINEVAL="$<TARGET_FILE:interpreted_lineval>"
)
add_dependencies(
  interpreted_program_tests
  interpreted_kmeans
  interpreted_lineval
  interpreted_pretrain
)
antipode_test(
  NAME interpreted_tests
  LABEL cuda
  SOURCES
    ../cuda/graph_test.cpp
    ../cuda/training_status_test.cpp
    ../cuda/upload_ahead_test.cpp
    programs/late_stream_test.cpp
    ${INTERPRETED}
  LIBRARIES
    engine_optim
    kernels_tcp
    numeric
)
target_include_directories(interpreted_tests SYSTEM PRIVATE "${CUDA_HEADERS}")

# Several ranks, each with an interpreter for its GPU.
if(MPI_CXX_FOUND)
  antipode_test(
    NAME interpreted_rank_program_tests
    LABEL cuda
    PROCESSORS 2
    SOURCES
      ../cuda/ranks_test.cpp
      ../ranks/started.cpp
      ../apps/program.cpp
      ../apps/tiny_mnist.cpp
      ../apps/workbench.cpp
    LIBRARIES
      barely_optimized
      data
      engine_io
      kernels_tcp
      nlohmann_json::nlohmann_json
      ZLIB::ZLIB
  )
  target_compile_definitions(
    interpreted_rank_program_tests
    PRIVATE
      LINEVAL="$<TARGET_FILE:interpreted_lineval>"
      MPIRUN="${MPIEXEC_EXECUTABLE}"
      PRETRAIN="$<TARGET_FILE:interpreted_pretrain>"
  )
  add_dependencies(interpreted_rank_program_tests interpreted_pretrain)
  add_executable(
    interpreted_ranks_tests
    "${CMAKE_SOURCE_DIR}/tests/ranks/main.cpp"
    "${CMAKE_SOURCE_DIR}/tests/ranks/training_test.cpp"
    ${INTERPRETED}
  )
  target_include_directories(interpreted_ranks_tests SYSTEM PRIVATE "${CUDA_HEADERS}")
  target_compile_definitions(interpreted_ranks_tests PRIVATE RANKS_ON_GPUS=1)
  target_link_libraries(
    interpreted_ranks_tests
    PRIVATE
      warnings
      doctest::doctest
      apps_train
      kernels_ranks
      kernels_tcp
      numeric
  )
  add_dependencies(tests_cuda interpreted_ranks_tests)
  rank_test("cuda: 2 interpreted ranks" cuda 2 interpreted_ranks_tests "--test-case-exclude=*ResNet*,*evaluation*")
endif()

# tools/gpu_check from its first step to its last, on these programs.
add_test(
  NAME "cuda: gpu_check is rehearsed"
  COMMAND
    "${CMAKE_SOURCE_DIR}/tests/tools/gpu_check_test.sh" "${CMAKE_SOURCE_DIR}" $<TARGET_FILE_DIR:bench>
)
set_tests_properties(
  "cuda: gpu_check is rehearsed"
  PROPERTIES
    LABELS
      cuda
    SKIP_REGULAR_EXPRESSION
      "\\[skipped\\]"
    TIMEOUT
      3600
)
add_dependencies(
  tests_cuda
  bench
  interpreted_bench
  interpreted_pretrain
)
