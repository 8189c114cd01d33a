#!/usr/bin/env bash
# Tests which sources tests/tree/tidy.sh checks, in a scratch repository with a fake clang-tidy. $1: source tree.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
command -v git >/dev/null || { echo "[skipped] git is not installed"; exit 0; }
mkdir -p "$scratch"/{path,tree/{engine,kernels/cuda,models,losses,data,apps}}
printf '#!/bin/sh\necho checked "$@"\n' >"$scratch/path/clang-tidy"
chmod +x "$scratch/path/clang-tidy"
export PATH="$scratch/path:$PATH" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
tidy=$(realpath "$1")/tests/tree/tidy.sh
cd "$scratch/tree"
commit() { git add -A && git -c user.name=x -c user.email=x commit -qm x; }
expect() {  # the name of the case, the expected sources, further arguments of tidy.sh
  local checked
  checked=$("$tidy" . build "${@:3}" | sed -n 's/^checked -p build --quiet //p' | tr ' ' '\n' | sort | xargs)
  [ "$checked" = "$2" ] || { echo "$1: expected '$2' to be checked, got '$checked'"; exit 1; }
}

every="apps/a.cpp apps/b.cpp engine/low.cpp models/m.cpp"
echo '#include "engine/low.h"' | tee engine/low.cpp models/m.h >/dev/null
echo '#include "models/m.h"' | tee models/m.cpp apps/a.cpp >/dev/null
touch engine/low.h models/unused.h apps/b.cpp kernels/cuda/k.cpp .clang-tidy README.md
expect "no repository" "$every"
git init -q -b main
commit
expect "no commit before" "$every"
echo >>README.md && commit
expect "a commit of no source" ""
expect "all" "$every" all
echo >>apps/b.cpp && echo >>kernels/cuda/k.cpp && commit
expect "the last commit on main" "apps/b.cpp"
expect "since a revision" "apps/b.cpp" HEAD~2
echo >>apps/a.cpp
expect "what is not committed" "apps/a.cpp apps/b.cpp"
touch data/new.cpp
expect "a new file" "apps/a.cpp apps/b.cpp data/new.cpp"
rm data/new.cpp
git checkout -q . && git checkout -qb branch
expect "a branch of main that has nothing yet" "apps/b.cpp"
echo >>engine/low.cpp && commit
echo >>models/m.cpp && commit
expect "all commits of a branch" "engine/low.cpp models/m.cpp"
git update-ref refs/remotes/origin/main HEAD^
expect "a branch of origin/main" "models/m.cpp"
echo >>models/m.h && commit
git update-ref refs/remotes/origin/main HEAD^
expect "a header" "apps/a.cpp models/m.cpp"
git rm -q apps/b.cpp && commit
expect "a source that was removed" "apps/a.cpp models/m.cpp"
git update-ref refs/remotes/origin/main HEAD
git rm -q engine/low.cpp && echo >>engine/low.h && commit
expect "a header that headers alone include" "apps/a.cpp models/m.cpp"
echo >>models/unused.h && commit && git update-ref refs/remotes/origin/main HEAD^
expect "a header that nothing includes" ""
echo >>.clang-tidy
expect "other rules" "apps/a.cpp models/m.cpp"
