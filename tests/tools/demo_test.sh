#!/usr/bin/env bash
# tools/demo builds all programs of README's "Use it" and names a picture that exists. $1: source tree; further arguments: the
# programs that the target `programs` builds. Nothing is installed or built: fake programs of these names are used.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "tools/demo: $1"; cat "$scratch/said"; exit 1; }
program() {  # a path, and the commands of the fake program
  mkdir -p "$(dirname "$1")"
  printf '#!/bin/sh\n%s\n' "$2" >"$1"
  chmod +x "$1"
}
mkdir "$scratch/tools"
cp "$1/tools/demo" "$1/tools/setup.sh" "$scratch/tools"
program "$scratch/path/dpkg-query" 'case "$*" in *matplotlib*) exit 1 ;; *) echo install ok installed ;; esac'
program "$scratch/path/apt-get" 'echo "apt-get $*" >&2'
program "$scratch/path/id" 'echo 0'
program "$scratch/path/python3" 'exit 1'
program "$scratch/path/cmake" 'echo "cmake $*"'
program "$scratch/build/cpu/bin/pretrain" '
case " $* " in
  *" --dump-views "*) for last in "$@"; do :; done; echo picture >"$last" ;;
  *) mkdir -p runs/one; echo "{\"run\":\"runs/one\",\"step\":1}" ;;
esac'
program "$scratch/build/cpu/bin/lineval" 'echo "{\"top1\":0.5,\"knn\":0.25}"'
export PATH="$scratch/path:/usr/bin:/bin"
demo() { "$scratch/tools/demo" >"$scratch/said" 2>&1 || fail "ended with $?"; }

demo
grep -qE "^cmake --build .*--target programs$" "$scratch/said" || fail "does not build the programs"
mapfile -t names < <(grep -oE 'build/cpu/bin/[a-z]+' "$1/README.md" | sed 's|.*/||' | sort -u)
[ ${#names[@]} -gt 0 ] || fail "README.md uses no program"
for name in "${names[@]}"; do
  [[ " ${*:2} " == *" $name "* ]] || fail "does not build $name, which README.md uses"
done
grep -qF "    pretrained  50.00%  (25.00%)" "$scratch/said" || fail "does not show the accuracies"
picture=$(grep -oE 'runs/[^ ]*\.png' "$scratch/said" | head -1)
[ -n "$picture" ] && [ -s "$scratch/$picture" ] || fail "names no picture that is there"
grep -qE "^apt-get install .*python3-matplotlib" "$scratch/said" || fail "does not install what draws curves"
grep -qF "once there is matplotlib: apt-get install python3-matplotlib" "$scratch/said" || fail "does not say how to get curves"
touch "$scratch/runs/one/report.html"
program "$scratch/path/python3" 'exit 0'
demo
! grep -q "^apt-get" "$scratch/said" || fail "installs what is there"
grep -qF "runs/one/report.html    curves" "$scratch/said" || fail "does not name the report"
