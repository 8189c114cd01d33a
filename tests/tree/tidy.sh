#!/usr/bin/env bash
# Checks the sources by .clang-tidy. $1: source tree, $2: build tree with compile_commands.json, $3: `all` for every source, or a
# revision for the sources that differ from it. The default revision is the last commit that this branch shares with origin/main;
# on main itself, the previous commit. A changed header is checked through the sources that include it; if there are none, through
# the sources that include it indirectly. If .clang-tidy changed, every source is checked.
set -euo pipefail
cd "$1"
command -v clang-tidy >/dev/null || { echo "[skipped] clang-tidy is not installed"; exit 0; }
folders=(engine kernels models losses data apps)

since() {
  local main head
  head=$(git rev-parse --verify --quiet HEAD 2>/dev/null) || return
  for main in origin/main main; do
    main=$(git merge-base HEAD "$main" 2>/dev/null) || continue
    [ "$main" = "$head" ] || { echo "$main"; return; }
  done
  git rev-parse --verify --quiet HEAD^
}
every_source() { find "${folders[@]}" -name '*.cpp'; }
changed_files() {
  git diff --name-only --no-renames --diff-filter=d "$1"
  git ls-files --others --exclude-standard
}
# Prints the sources among the files of standard input, and for each header the sources that include it.
sources_of() {
  local file includers
  while read -r file; do
    case $file in
      *.cpp) echo "$file" ;;
      *.h)
        includers=("$file")
        while [ ${#includers[@]} -gt 0 ]; do
          mapfile -t includers < <(printf '#include "%s"\n' "${includers[@]}" |
            grep -rlFf - --include='*.cpp' --include='*.h' "${folders[@]}")
          if printf '%s\n' "${includers[@]}" | grep '\.cpp$'; then break; fi
        done
        ;;
    esac
  done
}

base=${3:-$(since || true)}
if [ "$base" = all ] || [ -z "$base" ]; then
  sources=$(every_source)
  base=
else
  changed=$(changed_files "$base")
  if grep -qxF .clang-tidy <<<"$changed"; then
    sources=$(every_source)
  else
    sources=$(grep -E "^($(IFS='|'; echo "${folders[*]}"))/" <<<"$changed" | sources_of || true)
  fi
fi
# kernels/cuda is left out: it needs CUDA's headers, which may not be installed.
sources=$(grep -v '^kernels/cuda/' <<<"$sources" | sort -u || true)
echo "clang-tidy: $(grep -c . <<<"$sources" || true) sources${base:+ that concern changes since ${base:0:12}}"
xargs -r -P "$(nproc)" -n 4 clang-tidy -p "$2" --quiet 2>/dev/null <<<"$sources"
