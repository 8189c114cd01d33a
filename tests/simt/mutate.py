#!/usr/bin/env python3
"""Breaks the kernels of kernels/cuda one edit at a time and sees whether their tests notice.

usage: mutate.py BUILD_DIRECTORY [FILE.cu | FILE.h ...]

Without files: all kernels, and the headers of HEADERS. Each mutant is compiled as the check build compiles the kernel,
linked into simt_check_tests in place of it, and run on that kernel's tests. A broken header is compiled into one kernel
after the other, until the tests of one notice. Prints the survivors, and exits with 1 if fewer than 95% of the mutants
are noticed."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.95

# The edits: a name, a pattern, and its replacement (a template for re.Match.expand).
EDITS = [
    ("barrier removed", r"__syncthreads\(\);", ";"),
    ("barrier under a condition", r"__syncthreads\(\);", "if (threadIdx.x < 40) __syncthreads();"),
    (
        "bound one further",
        r" < (?=(?:n|d|k|c|hw|q|p|classes|n \* groups|rs\.end|ss\.end|ps\.end|qs\.end|at\.end"
        r"|(?:g|args|tiles)\.\w+|kWarp|kThreads / kWarp|kBlockLanes|kTotalChannels|warps"
        r"|count|columns|rows|channels|size|band|vectors|row_size|steps|left|depth|kDepth|kColumns)\b)",
        " <= ",
    ),
    ("bound one less", r" <= (?=segment\b|segments\b|last_chunk|count\b|args\.capacity)", " < "),
    ("bound one less", r" >= (?=half\b|width\b|at\.end|tiles\.channels|count\b|kTotalChannels)", " > "),
    ("index one further", r"\b(\w+)\[([^\[\]=]+)\](?! *=[^=]*\{)(?=[^;{]*;)", r"\1[\2 + 1]"),
    ("offset one further", r"load<(\w+)>\(([^()]+)\)", r"load<\1>(\2 + 1)"),
    ("sign", r" \+= (?!kWarp|kThreads|kTile|kPiece|grid_stride|tiles\.down)", " -= "),
    ("factor", r"= (?:-1|1|factor) (?:/|\*) ", "= 2 * "),
    ("every thread", r"threadIdx\.x == 0", "true"),
    ("every thread", r"threadIdx\.x != 0", "false"),
    ("every lane", r"lane(?:_in_warp\(\))? == 0", "true"),
    ("every lane", r"lane_in_warp\(\) != 0", "false"),
    ("part of a sum", r"(= (?:static_cast<float>\()?)(?:block|warp)_sum\(([\w.]+)\)", r"\1(\2)"),
    ("accumulates always", r"write<kAccumulate", "write<true"),
    ("accumulates never", r"write<kAccumulate", "write<false"),
    ("stride halved", r"kWarp \* kWidth\)", "kWarp * kWidth / 2)"),
    ("accumulates always", r"(?<=to, )kAccumulate \?|(?<=\()accumulate \?|(?<= )accumulate \?", "true ?"),
    ("accumulates never", r"(?<=to, )kAccumulate \?|(?<=\()accumulate \?|(?<= )accumulate \?", "false ?"),
    ("half of the lanes", r"kWarp / 2", "kWarp / 4"),
    ("alignment taken for granted", r"(?<!inline bool )aligned\((?:\{[^}]*\}|\w+)\)", "true"),
    ("width taken for granted", r"[\w.]+(?: \* \w+)? % kWidest<\w+> == 0", "true"),
    ("condition dropped", r"\bif \((?!constexpr|threadIdx|lane)[^;{]*\) (?=continue|return)", "if (false) "),
    ("comparison reversed", r"(\w+(?:\.\w+)?) > (\w+(?:\[\w+\])?(?:\.\w+)?)", r"\1 < \2"),
]
NOT_CODE = re.compile(
    r"\s*(//|/\*|#|__shared__|template|constexpr|[\w<>:, }]+\*? \w+(\[[^\]]+\])+"
    r"(, \w+\[\w+\])*( = \{\})?;)"
)  # or a declaration
TESTS = {  # those not named after the kernel
    "augment_blur": "augment",
    "gradient_norm": "optimizer",
    "similarity_backward": "similarity",
    "similarity_forward": "similarity",
    "sliced_wasserstein_long": "sliced_wasserstein",
}
# Device code that kernels share.
HEADERS = (
    "block_sum",
    "column_tiles",
    "map_elements",
    "radix_rank",
    "similarity_tile",
    "similarity_walk",
    "sum_terms",
    "view_tiles",
    "wide_access",
)


def mutants(path):
    source = path.read_text()
    for name, pattern, replacement in EDITS:
        for match in re.finditer(pattern, source):
            line_start = source.rfind("\n", 0, match.start()) + 1
            line = source[line_start : source.find("\n", match.start())]
            if NOT_CODE.match(line):
                continue
            changed = source[: match.start()] + match.expand(replacement) + source[match.end() :]
            yield name, source[: match.start()].count("\n") + 1, line.strip(), changed


def includes(path):
    return {ROOT / name for name in re.findall(r'#include "(kernels/cuda/[^"]+)"', path.read_text())}


def kernels_with(header, kernels):
    """Those that include it, themselves or through another header, the smallest first."""

    def reaches(path):
        return any(other == header or reaches(other) for other in includes(path) if other.suffix == ".h")

    return sorted((path for path in kernels if reaches(path)), key=lambda path: path.stat().st_size)


def run(command, **options):
    return subprocess.run(command, capture_output=True, **options)


def main():
    build = Path(sys.argv[1]).resolve()
    kernels = sorted((ROOT / "kernels/cuda").glob("*.cu"))
    files = [Path(name).resolve() for name in sys.argv[2:]]
    files = files or kernels + [ROOT / f"kernels/cuda/{name}.h" for name in HEADERS]
    commands = json.loads((build / "compile_commands.json").read_text())
    compile_of = {entry["file"]: entry for entry in commands if "simt_device_code_check" in entry["command"]}
    link = (
        run(["ninja", "-C", build, "-t", "commands", "-s", "bin/simt_check_tests"], check=True, text=True)
        .stdout.strip()
        .split("\n")[-1]
    )
    link = next(part for part in link.split(" && ") if " -o bin/simt_check_tests" in part)

    def result_with(kernel, source, options, scratch):
        """Of the kernel's tests, `source` compiled in its place."""
        built, program = scratch / "kernel.o", scratch / "tests"
        entry = compile_of[str(kernel)]
        words = [
            str(built) if word.endswith(".cu.o") else str(source) if word == str(kernel) else word
            for word in shlex.split(entry["command"])
            if "ccache" not in word
        ]
        if run([words[0], *options, *words[1:], "-w"], cwd=entry["directory"]).returncode != 0:
            return "does not compile"
        words = shlex.split(link)
        old = next(word for word in words if word.endswith("/" + kernel.name + ".o"))
        words.remove(old)
        first = next(i for i, word in enumerate(words) if word.endswith(".o"))
        words.insert(first, str(built))  # first, so that the program uses its inline functions
        words[words.index("-o") + 1] = str(program)
        run(words, cwd=build, check=True)
        try:
            tests = f"-sf=*simt/kernels/{TESTS.get(kernel.stem, kernel.stem)}_test*"
            return "survived" if run([program, tests, "-aa=1"], timeout=300).returncode == 0 else "noticed"
        except subprocess.TimeoutExpired:
            return "noticed"

    def result_of(job):
        number, (path, (name, line_number, line, changed)) = job
        scratch = build / "mutants" / str(number)
        source = scratch / path.relative_to(ROOT)
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(changed)
        if path.suffix == ".cu":
            result = result_with(path, source, [], scratch)
        else:
            for kernel in kernels_with(path, kernels):
                result = result_with(kernel, kernel, [f"-I{scratch}"], scratch)
                if result != "survived":
                    break
        shutil.rmtree(scratch)
        what = f"{path.name}:{line_number}: {name}: {line}"
        if result == "survived":
            print(what, flush=True)
        done.append(number)
        minutes = (time.monotonic() - begin) / 60
        print(f"{len(done)} of {len(jobs)}, {minutes * (len(jobs) / len(done) - 1):.0f} minutes left", end="\r", file=sys.stderr)
        return result, what

    begin, done = time.monotonic(), []
    jobs = list(enumerate((path, mutant) for path in files for mutant in mutants(path)))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = list(threads.map(result_of, jobs))
    compiled = [result for result in results if result[0] != "does not compile"]
    survivors = [what for result, what in compiled if result == "survived"]
    share = 1 - len(survivors) / max(1, len(compiled))
    print(f"{len(compiled)} mutants, {len(survivors)} survived: {100 * share:.1f}% noticed")
    sys.exit(share < WANTED)


if __name__ == "__main__":
    main()
