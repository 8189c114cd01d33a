#!/usr/bin/env bash
# No program or test links a library of NVIDIA's, which machines without a GPU lack: neither the driver nor the libraries that
# are loaded at run time. CUDA's runtime is linked statically.
set -euo pipefail
for program in "$@"; do
  needed=$(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }')
  grep -q '^libstdc++' <<<"$needed" || { echo "$program: expected to need libstdc++, got $needed"; exit 1; }
  if grep -E '^lib(cu|nv)' <<<"$needed"; then echo "$program needs it"; exit 1; fi
done
