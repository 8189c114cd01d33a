#!/usr/bin/env bash
# Checks that includes point downwards only: a folder may include what its row lists. Every folder with sources has a row.
set -euo pipefail
cd "$1"
status=0
folders=()
row() {  # folder, then the folders that it may include from, without their subfolders
  local folder=$1 allowed wrong
  shift
  folders+=("$folder")
  allowed=$(printf '|%s/[^/"]+' "$folder" "$@")
  wrong=$(grep -nE '#include "(engine|kernels|models|losses|data|apps)/' "$folder"/*.h "$folder"/*.cpp "$folder"/*.cu 2>/dev/null |
    grep -vE "#include \"(${allowed:1})\"" || true)
  [ -z "$wrong" ] && return
  echo "$wrong"
  echo "^ $folder may only include $*"
  status=1
}

kernel=(kernels kernels/runtime)
engine=(engine engine/ops engine/optim engine/io "${kernel[@]}")
row kernels/runtime
row kernels kernels/runtime kernels/cpu kernels/cuda  # context.cpp creates the back ends
row kernels/cpu "${kernel[@]}"
row kernels/cuda "${kernel[@]}"
row kernels/cases "${kernel[@]}"
row kernels/mpi kernels/runtime
row kernels/tcp kernels/runtime
row kernels/ranks kernels/mpi kernels/tcp kernels/runtime
row engine/io kernels/runtime
row engine "${kernel[@]}"
row engine/ops engine "${kernel[@]}"
row engine/optim engine "${kernel[@]}"
row models engine engine/ops kernels/runtime
row losses engine engine/ops "${kernel[@]}"
row data/files engine/io kernels/runtime
row data/image data engine/io kernels/runtime
row data/sources data data/{files,image} engine/io kernels/runtime
row data/compositions data data/image kernels/runtime
row data data/{sources,compositions,files,image} engine engine/io "${kernel[@]}"
row apps/settings kernels/runtime
row apps/config apps/settings models losses data data/{sources,compositions} engine engine/ops engine/optim "${kernel[@]}"
row apps/run apps/config apps/settings engine/io kernels/runtime
row apps/tensorboard apps/run engine/io kernels/runtime
row apps/input apps/config apps/settings apps/run data data/{sources,compositions} engine kernels kernels/runtime
row apps/evaluation apps/config apps/settings apps/input apps/run models data data/{sources,compositions} "${engine[@]}"
row apps/objectives apps/config apps/settings apps/evaluation apps/input apps/run models losses data data/{sources,compositions} "${engine[@]}"
row apps/train apps/config apps/settings apps/tensorboard apps/objectives apps/evaluation apps/input apps/run models losses data data/{sources,compositions} "${engine[@]}"
row apps/lineval apps/config apps/settings apps/train apps/objectives apps/evaluation apps/input apps/run models data data/{sources,compositions} "${engine[@]}"
row apps/pretrain apps/config apps/settings apps/train apps/objectives apps/input apps/run data data/{sources,compositions} engine kernels/runtime
row apps/reproduce apps/config apps/settings apps/train apps/lineval apps/kmeans apps/evaluation apps/input apps/run data data/{sources,compositions} engine engine/io kernels/runtime
row apps/suppress apps/config apps/settings apps/train apps/objectives apps/evaluation apps/input apps/run data data/{sources,compositions} "${engine[@]}"
row apps/bench kernels/cases apps/config apps/settings apps/train apps/objectives apps/input apps/run models losses data data/{sources,compositions,image} "${engine[@]}"
row apps/measure apps/config apps/settings apps/evaluation apps/run losses "${engine[@]}"
row apps/kmeans apps/config apps/settings apps/train apps/objectives apps/evaluation apps/input apps/run models data data/image "${engine[@]}"
row apps/pack apps/settings apps/run data data/{sources,image} engine/io kernels/runtime
row apps/runs apps/settings apps/config apps/run engine/io kernels/runtime
row apps kernels/ranks apps/{bench,config,evaluation,input,kmeans,lineval,measure,objectives,pack,pretrain,reproduce,run,runs,settings,suppress,tensorboard,train} models losses data data/{sources,compositions} "${engine[@]}"

while read -r folder; do
  [[ " ${folders[*]} " == *" $folder "* ]] && continue
  echo "$folder has sources, but no row in tests/tree/layers.sh that says what it may include"
  status=1
done < <(find kernels engine models losses data apps -name '*.h' -o -name '*.cpp' -o -name '*.cu' | sed 's#/[^/]*$##' | sort -u)

# Only back ends include vendor headers, and only kernels/context.cpp includes headers of back ends.
vendors='#include [<"](oneapi|dnnl|cuda|cudnn|cublas|mpi\.)'
if grep -rnE "$vendors" engine models losses data apps kernels/runtime kernels/*.h kernels/*.cpp; then status=1; fi
if grep -nE --exclude=context.cpp '#include "kernels/(cpu|cuda)/' kernels/*.h kernels/*.cpp; then status=1; fi
exit $status
