# The tests of the kernels in kernels/cuda; they run in the interpreter and on a GPU (tests/cuda).
set(
  KERNEL_TESTS
  add_bias
  backend
  batch_norm
  bias_grad
  convert
  crop_resize
  directions
  elementwise
  epps_pulley
  global_average_pool
  knn_vote
  l2_normalize
  linear_evaluation
  max_pool
  optimizer
  prior
  random_crop
  reduce
  similarity
  sliced_wasserstein
  softmax_cross_entropy
  staging
  temperature_schedule
  training
  unit_directions
  visreg
)
list(
  TRANSFORM KERNEL_TESTS
  REPLACE
    "(.+)"
    "${CMAKE_CURRENT_LIST_DIR}/\\1_test.cpp"
)
list(APPEND KERNEL_TESTS "${CMAKE_CURRENT_LIST_DIR}/twin.cpp")
