# Finds what the CUDA back end needs: nvcc, the toolkit's headers and runtime, the headers of cuDNN and cudnn-frontend. The build
# needs no GPU, and the programs start without NVIDIA's libraries (kernels/cuda/vendor_library.h).
set(CUDNN_ROOT "" CACHE PATH "cuDNN's headers, where they are not the toolkit's: a directory with include/")
set(CUDNN_FRONTEND "" CACHE PATH "cudnn-frontend: the directory of cudnn_frontend.h, or the one above its include/")

if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
  if(NOT NVCC)
    message(
      FATAL_ERROR
      "The preset cuda needs the CUDA toolkit 13 or later, and no nvcc is in PATH or /usr/local/cuda; set CUDA_PATH to the toolkit, or use the preset cpu"
    )
  endif()
  set(CMAKE_CUDA_COMPILER "${NVCC}")
endif()
# A100, H100 and H200, and PTX for later GPUs.
set(CMAKE_CUDA_ARCHITECTURES "80-real;90" CACHE STRING "GPUs to compile for")
if(CCACHE)
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${CCACHE}")
endif()
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
  message(
    FATAL_ERROR
    "The CUDA toolkit of ${CMAKE_CUDA_COMPILER} is version ${CMAKE_CUDA_COMPILER_VERSION}, and 13 or later is needed; set CUDA_PATH to a newer one"
  )
endif()
find_package(CUDAToolkit 13 REQUIRED)

find_path(CUDNN_INCLUDE cudnn_version.h HINTS "${CUDNN_ROOT}/include" NO_DEFAULT_PATH)
find_path(CUDNN_INCLUDE cudnn_version.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
set(CUDNN_VERSION 0)
if(CUDNN_INCLUDE)
  file(STRINGS "${CUDNN_INCLUDE}/cudnn_version.h" CUDNN_VERSION REGEX "#define CUDNN_MAJOR ")
  string(
    REGEX MATCH "[0-9]+"
    CUDNN_VERSION
    "${CUDNN_VERSION}"
  )
endif()
if(CUDNN_VERSION LESS 9)
  message(
    FATAL_ERROR
    "The headers of cuDNN 9 or later are needed, and there are none beside the CUDA toolkit; install them there, or set -DCUDNN_ROOT=DIR to the directory with its include/"
  )
endif()

file(GLOB PRIVATE_PACKAGES "${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/include")
find_path(
  CUDNN_FRONTEND_INCLUDE
  cudnn_frontend.h
  HINTS
    "${CUDNN_FRONTEND}"
    "${CUDNN_FRONTEND}/include"
  PATHS
    ${PRIVATE_PACKAGES}
)
if(NOT CUDNN_FRONTEND_INCLUDE)
  message(
    FATAL_ERROR
    "cudnn-frontend's headers are missing; tools/test installs them, and so does `python3 -m venv .venv && .venv/bin/pip install nvidia-cudnn-frontend`, or set -DCUDNN_FRONTEND=DIR to where they are"
  )
endif()

add_library(cudnn INTERFACE)
target_include_directories(
  cudnn
  SYSTEM
  INTERFACE
    "${CUDNN_FRONTEND_INCLUDE}"
    "${CUDNN_INCLUDE}"
)
target_link_libraries(cudnn INTERFACE CUDA::cudart_static)

# Flags for our own device code. CMake 3.25 has no C++20 flag for CUDA: it does not require the standard, and -std=c++20 is set
# by hand. Spilled registers are an error, like every warning. -lineinfo changes no instruction: NVIDIA's tools then name lines.
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED OFF)
add_library(device_code INTERFACE)
target_compile_options(
  device_code
  INTERFACE
    "$<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--expt-relaxed-constexpr;-lineinfo;-Xptxas=--warn-on-spills;-Xcompiler=-Wall,-Wextra>"
    "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${ANTIPODE_WERROR}>>:-Werror=all-warnings>"
)
