#!/usr/bin/env bash
# tools/package's archive, unpacked under another name: all that its programs need is in it, or is glibc 2.36; every
# processor gets kernels for its instructions; and they run where there is nothing else. $1: source tree, $2: where to build,
# further arguments: options for CMake.
set -euo pipefail
source=$1 build=$2
shift 2
fail() { echo "$*" >&2; exit 1; }
mkdir -p "$build"
"$source/tools/package" --into "$build" "$@"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/some where"
tar -xzf "$build"/antipode-*-x86_64-linux.tar.gz -C "$scratch/some where"
root=$(echo "$scratch/some where"/antipode-*-x86_64-linux)
programs=("$root"/bin/*)
libraries=("$root"/lib/*.so* "$root"/lib/glibc-hwcaps/*/*.so)
[ "$(stat -c %s "$build"/antipode-*.tar.gz)" -lt $((64 << 20)) ] || fail "the archive is of 64 MiB or more"

# Everything is found in the archive or is glibc's.
glibc='(linux-vdso|libc|libm|libdl|libpthread|librt|/lib64/ld-linux-x86-64)\.so'
for program in "${programs[@]}"; do
  resolved=$(env -i ldd "$program")
  strangers=$(grep -vF "=> $root/bin/../lib/" <<<"$resolved" | grep -vE "^\s*$glibc" || true)
  [ -z "$strangers" ] || fail "$program needs what is not in the archive: $strangers"
  rpath=$(objdump -p "$program" | awk '$1 ~ /RPATH|RUNPATH/ { print $1, $2 }')
  [ "$rpath" = 'RPATH $ORIGIN/../lib' ] || fail "$program: expected the RPATH \$ORIGIN/../lib, got $rpath"
done
newest=$(objdump -T "${programs[@]}" "${libraries[@]}" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1)
[ "$(printf '%s\nGLIBC_2.36\n' "$newest" | sort -V | tail -n 1)" = GLIBC_2.36 ] || fail "$newest is needed"
! objdump -p "${programs[@]}" "${libraries[@]}" | grep -E 'NEEDED +lib(cu|nv)' || fail "a library of NVIDIA's is needed"
! grep -rlaF -e "$source/" -e "$build" "$root" || fail "these name directories of the build"

# Code for particular processors is where only they get it.
wide() { objdump -d --no-show-raw-insn "$@" | grep -cE "%($registers)[0-9]" || true; }
registers='ymm|zmm'
[ "$(wide "${programs[@]}" "$root/lib/libantipode_cpu.so")" -eq 0 ] || fail "what every processor runs has AVX"
registers=zmm
[ "$(wide "$root/lib/glibc-hwcaps/x86-64-v3/libantipode_cpu.so")" -eq 0 ] || fail "the kernels for AVX2 have AVX-512"
[ "$(wide "$root/lib/glibc-hwcaps/x86-64-v4/libantipode_cpu.so")" -gt 0 ] || fail "the kernels for AVX-512 have none"

# The loader takes the best kernels that the processor has, and the losses of all agree.
train() {  # directory of the run, command that pretrain follows...
  local out=$1
  shift
  env -i HOME="$scratch" "$@" "$root/bin/pretrain" --recipe demo --steps 2 --epochs 0 --batch-size 32 \
    --out "$out" 2>"$scratch/said" || { cat "$scratch/said"; return 1; }
}
field() { sed -nE "s/.*\"$1\": ?\"?([^\",]*).*/\\1/p" "$2"; }
losses=()
loader=/lib64/ld-linux-x86-64.so.2
for level in none x86-64-v3 x86-64-v4; do
  [ "$level" = none ] || "$loader" --help | grep -q "^  $level (supported" || { echo "no processor for $level here"; continue; }
  train "$scratch/$level" "$loader" --glibc-hwcaps-mask "$level" >"$scratch/$level.json"
  case $level in
    none) expected='kernels for SSE2' ;;
    x86-64-v3) expected='kernels for AVX2 with FMA' ;;
    x86-64-v4) expected='kernels for AVX-512' ;;
  esac
  got=$(field device_model "$scratch/$level/env.json")
  [ "$got" = "$expected" ] || fail "$level: expected $expected, got $got"
  losses+=("$(field loss "$scratch/$level.json")")
done
train "$scratch/default" >"$scratch/default.json"
[ "$(field device_model "$scratch/default/env.json")" = "$expected" ] || fail "the loader chose other kernels than it can"
for loss in "${losses[@]}"; do
  awk -v a="$loss" -v b="${losses[0]}" 'BEGIN { exit !(a > 1 && (a - b) ^ 2 < (1e-5 * b) ^ 2) }' ||
    fail "losses of the same run differ: ${losses[*]}"
done
[ -f "$scratch/default/report.html" ] || grep -q "no plots: " "$scratch/said" || fail "tools/report was not found"

# The other programs, and a machine that has glibc alone.
env -i HOME="$scratch" "$root/bin/lineval" "$scratch/default" >/dev/null 2>&1 || fail "lineval failed"
env -i "$root/bin/reproduce" --list >/dev/null || fail "reproduce failed"
env -i "$root/bin/reproduce" fig7a-mnist --budget small --data digits: --cells "method=cross-view, batch=256, bits=0|5" --steps 2 \
  --threads 1 --set lineval.epochs=1 --out "$scratch/table" >/dev/null 2>&1 || fail "reproduce failed"
env -i "$root/bin/suppress" --table "$scratch/table" --probe-images 20 >/dev/null 2>&1 || fail "suppress --table failed"
[ -f "$scratch/table/suppression/suppression.json" ] || fail "suppress --table wrote nothing"
env -i "$root/bin/suppress" --recipe demo --epochs 0 --steps 2 --batch-size 32 --plant bits=2 --probe-images 20 \
  --out "$scratch/suppress" >/dev/null 2>&1 || fail "suppress failed"
env -i "$root/bin/runs" "$scratch" --best top1 | grep -q "^default " || fail "runs did not find the run"
env -i "$root/bin/runs" diff "$scratch/default" "$scratch/suppress/clean-s1" >/dev/null || fail "runs diff failed"
env -i "$root/bin/measure" "$scratch/default/export/linear_head.safetensors:fc.weight" --views 1 >/dev/null ||
  fail "measure failed"
env -i "$root/bin/kmeans" "$scratch/default" --images 1 --k 2 >/dev/null 2>&1 || fail "kmeans failed"
env -i "$root/bin/pack" --data "subset(digits:, classes=[3])" --out "$scratch/digits.pack" >/dev/null 2>&1 ||
  fail "pack failed"
bare=$scratch/bare
mkdir -p "$bare/lib64" "$bare/lib/x86_64-linux-gnu" "$bare/tmp"
cp "$loader" "$bare/lib64"
glibc_directory=$(dirname "$(env -i ldd "${programs[0]}" | awk '$1 == "libc.so.6" { print $3 }')")
cp "$glibc_directory"/lib{c.so.6,m.so.6,dl.so.2,pthread.so.0,rt.so.1} "$bare/lib/x86_64-linux-gnu"
cp -r "$root" "$bare/antipode"
# By way of the loader, which asks /proc where a program is, and there is none.
enter=(chroot "$bare" /lib64/ld-linux-x86-64.so.2)
[ "$(id -u)" -eq 0 ] || enter=(unshare --map-root-user "${enter[@]}")
if [ "$(id -u)" -eq 0 ] || "${enter[@]}" --version >/dev/null 2>&1; then
  "${enter[@]}" /antipode/bin/pretrain --recipe demo --steps 2 --epochs 0 --batch-size 32 --out /tmp/run \
    >/dev/null 2>"$scratch/said" || { cat "$scratch/said"; fail "pretrain failed where there is glibc alone"; }
else
  echo "this user may not chroot: not run where there is glibc alone"
fi
