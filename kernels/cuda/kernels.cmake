# All files with device code: nvcc compiles them for GPUs, tests/simt for the interpreter.
set(
  CUDA_KERNELS
  batch_norm
  bias_grad
  convert
  crop_resize
  elementwise
  global_average_pool
  gradient_norm
  knn_vote
  l2_normalize
  linear_evaluation
  max_pool
  nt_xent_backward
  nt_xent_forward
  optimizer
  random_crop
  reduce
  softmax_cross_entropy
  training
)
list(
  TRANSFORM CUDA_KERNELS
  REPLACE
    "(.+)"
    "${CMAKE_CURRENT_LIST_DIR}/\\1.cu"
)
