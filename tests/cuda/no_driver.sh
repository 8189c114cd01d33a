#!/usr/bin/env bash
# No program or test asks the loader for the driver's library, which machines without a GPU lack.
set -euo pipefail
for program in "$@"; do
  needed=$(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }')
  grep -q '^libcudart' <<<"$needed" || { echo "$program: expected to need libcudart, got" $needed; exit 1; }
  if grep '^libcuda\.' <<<"$needed"; then echo "$program needs it"; exit 1; fi
done
