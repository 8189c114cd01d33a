# shellcheck shell=bash disable=SC2034
# Sourced by tools/same_bytes and tools/bench_compare: builds the programs of another revision and of the working tree.

# build_revision REV: checks REV out and builds pretrain and bench below build/revisions; sets `revision` and `old_bin`.
build_revision() {
  revision=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "there is no revision $1 here" >&2; exit 2; }
  local source=build/revisions/${revision:0:12}/source binary=build/revisions/${revision:0:12}/cpu
  if [ ! -e "$source/CMakeLists.txt" ]; then
    mkdir -p "$source"
    git archive "$revision" | tar -x -C "$source"
  fi
  cmake -S "$source" -B "$binary" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >/dev/null
  cmake --build "$binary" --target pretrain bench >&2
  old_bin=$PWD/$binary/bin
}

# build_tree: builds the same programs from the working tree; sets `new_bin`.
build_tree() {
  cmake --preset cpu >/dev/null
  cmake --build --preset cpu --target pretrain bench >&2
  new_bin=$PWD/build/cpu/bin
}
