#!/usr/bin/env bash
# Includes point downwards only: each folder may include itself and what is listed for it.
set -euo pipefail
cd "$1"
status=0
check() {  # folder, extended regular expression of the project headers it may include
  local wrong
  wrong=$(grep -rnE '#include "(engine|kernels|models|losses|data|apps)/' "$1" --include='*.h' --include='*.cpp' --include='*.cu' |
    grep -vE "#include \"($2)" || true)
  [ -z "$wrong" ] && return
  echo "$wrong"
  echo "^ $1 may only include $2"
  status=1
}
check engine/core 'engine/core/'
check kernels 'engine/core/|kernels/'
check engine/io 'engine/core/|engine/io/'
check engine 'engine/|kernels/'
check models 'engine/|models/'
check losses 'engine/|kernels/|losses/'
check data 'engine/core/|engine/io/|engine/tensor|kernels/|data/'
check apps/run 'engine/core/|engine/io/|apps/run/'
check apps/input 'engine/|kernels/|data/|apps/(run|input)/'
check apps/evaluation 'engine/|kernels/|models/|data/|apps/(run|input|evaluation)/'
check apps/train 'engine/|kernels/|models/|losses/|data/|apps/(run|input|evaluation|train)/'
check apps/reproduce 'engine/|data/|apps/(run|input|train|reproduce)/'
check apps/bench 'engine/|kernels/|models/|losses/|data/|apps/(run|input|train|bench)/'
# Vendor headers stay in the back ends.
if grep -rnE '#include [<"](oneapi|dnnl|cuda|cudnn|cublas)' engine models losses data apps kernels/*.h; then status=1; fi
exit $status
