#!/usr/bin/env bash
# Every CUDA source compiles for devices too, and no kernel spills registers. Prints, over all instances of a kernel, the
# most registers and bytes of shared memory that it takes. $1: source tree, $2: where objects go, $3: nvcc.
set -euo pipefail
release=$("$3" --version | sed -nE 's/.*release ([0-9]+).*/\1/p')
[ "$release" -ge 13 ] || { echo "[skipped] nvcc here is of release $release: 13 or later is needed"; exit 0; }
cd "$1"
mkdir -p "$2"
export NVCC="$3" OUT="$2" CCACHE
CCACHE=$(command -v ccache || true)
compile() {  # one file; what ptxas says goes beside the object
  local name contraction=true
  name=$(basename "$1" .cu)
  [ "$name" != random_crop ] || contraction=false  # it agrees with the CPU bit for bit
  $CCACHE "$NVCC" -std=c++20 -O3 -fmad=$contraction --expt-relaxed-constexpr -gencode arch=compute_80,code=sm_80 \
    -gencode arch=compute_90,code=sm_90 -Xptxas -v -Werror all-warnings -Xcompiler -Wall,-Wextra -I. -DENGINE_CUDA=0 \
    -c "$1" -o "$OUT/$name.o" >"$OUT/$name.txt" 2>&1 || { cat "$OUT/$name.txt"; return 1; }
}
export -f compile
sources=(kernels/cuda/*.cu tests/cuda/*.cu)
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'compile {}'
for source in "${sources[@]}"; do
  echo "$source"
  tr -d "'" <"$OUT/$(basename "$source" .cu).txt" | c++filt | awk '
    / Compiling entry function / {
      name = $0
      sub(/.* entry function (void )?/, "", name)
      gsub(/\(anonymous namespace\)::/, "", name)
      sub(/[<(].*/, "", name)
      sub(/.*::/, "", name)
      key = sprintf("%-24s %s", name, $NF)
    }
    / spill stores/ { for (i = 3; i <= NF; ++i) if ($i == "spill") spilled[key] += $(i - 2) }
    / Used [0-9]+ registers/ {
      shared = 0
      for (i = 2; i <= NF; ++i) {
        if ($i ~ /^registers/) registers = $(i - 1) + 0
        if ($i ~ /^smem/) shared = $(i - 2) + 0
      }
      if (registers > most[key]) most[key] = registers
      if (shared > most_shared[key]) most_shared[key] = shared
    }
    END {
      for (key in most) {
        printf "  %s %3d registers %5d bytes shared %d bytes spilled\n", key, most[key], most_shared[key], spilled[key]
        if (spilled[key] > 0) bad = 1
      }
      exit bad
    }' | sort
done
