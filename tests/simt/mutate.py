#!/usr/bin/env python3
"""Breaks the kernels of kernels/cuda one edit at a time and sees whether their tests notice.

usage: mutate.py BUILD_DIRECTORY [FILE.cu ...]

Each mutant is compiled as the check build compiles the kernel, linked into simt_check_tests in place of it, and run on
that kernel's tests. Prints the survivors, and exits with 1 if fewer than 95% of the mutants
are noticed."""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WANTED = 0.95

# What to break: a name, where, and what to write instead (a template for re.Match.expand).
EDITS = [
    ("barrier removed", r"__syncthreads\(\);", ";"),
    ("barrier under a condition", r"__syncthreads\(\);", "if (threadIdx.x < 40) __syncthreads();"),
    ("bound one further", r" < (?=(?:n|d|k|c|hw|q|p|classes|n \* groups|g\.q|g\.w|rs\.end|ss\.end|ps\.end|qs\.end"
     r"|args\.segments|kRecordScalars|kWarp|kThreads / kWarp|kBlockLanes)\b)", " <= "),
    ("bound one less", r" <= (?=segment\b|segments\b|last_chunk)", " < "),
    ("index one further", r"\b(\w+)\[([^\[\]=]+)\](?! *=[^=]*\{)(?=[^;{]*;)", r"\1[\2 + 1]"),
    ("offset one further", r"load<(\w+)>\(([^()]+)\)", r"load<\1>(\2 + 1)"),
    ("sign", r" \+= (?!kWarp|kThreads|grid_stride)", " -= "),
    ("every thread", r"threadIdx\.x == 0", "true"),
    ("every thread", r"threadIdx\.x != 0", "false"),
    ("every lane", r"lane(?:_in_warp\(\))? == 0", "true"),
    ("every lane", r"lane_in_warp\(\) != 0", "false"),
    ("part of a sum", r"(= (?:static_cast<float>\()?)(?:block|warp)_sum\(([\w.]+)\)", r"\1(\2)"),
    ("accumulates always", r"write<kAccumulate", "write<true"),
    ("accumulates never", r"write<kAccumulate", "write<false"),
    ("stride halved", r"kWarp \* kWidth\)", "kWarp * kWidth / 2)"),
    ("half of the lanes", r"kWarp / 2", "kWarp / 4"),
    ("alignment taken for granted", r"with_width<T>\(.*aligned\([^()]*\),", "with_width<T>(true,"),
    ("comparison reversed", r"(\w+(?:\.\w+)?) > (\w+(?:\[\w+\])?(?:\.\w+)?)", r"\1 < \2"),
]
NOT_CODE = re.compile(r"\s*(//|/\*|#|__shared__|template|constexpr|[\w ]+\*? \w+\[\w+\];)")  # or a declaration
TESTS = {"gradient_norm": "optimizer"}  # where a kernel's test is not named after it


def mutants(path):
    source = path.read_text()
    for name, pattern, replacement in EDITS:
        for match in re.finditer(pattern, source):
            line_start = source.rfind("\n", 0, match.start()) + 1
            line = source[line_start:source.find("\n", match.start())]
            if NOT_CODE.match(line):
                continue
            changed = source[:match.start()] + match.expand(replacement) + source[match.end():]
            yield name, source[:match.start()].count("\n") + 1, line.strip(), changed


def main():
    build = Path(sys.argv[1]).resolve()
    files = [Path(name).resolve() for name in sys.argv[2:]] or sorted((ROOT / "kernels/cuda").glob("*.cu"))
    commands = json.loads((build / "compile_commands.json").read_text())
    compile_of = {entry["file"]: entry for entry in commands if "simt_device_code_check" in entry["command"]}
    link = subprocess.run(["ninja", "-C", build, "-t", "commands", "-s", "bin/simt_check_tests"], check=True,
                          capture_output=True, text=True).stdout.strip().split("\n")[-1]
    link = next(part for part in link.split(" && ") if " -o bin/simt_check_tests" in part)
    scratch = build / "mutants"
    scratch.mkdir(exist_ok=True)

    def noticed(job):
        number, (path, (name, line_number, line, changed)) = job
        source, built, program = (scratch / f"{number}{ending}" for ending in (".cu", ".o", ""))
        source.write_text(changed)
        entry = compile_of[str(path)]
        command = [str(built) if word.endswith(".cu.o") else str(source) if word == str(path) else word
                   for word in shlex.split(entry["command"]) if "ccache" not in word]
        command.append("-w")
        result = "does not compile"
        if subprocess.run(command, cwd=entry["directory"], capture_output=True).returncode == 0:
            words = [str(built) if word.endswith("/" + path.name + ".o") else word for word in shlex.split(link)]
            words[words.index("-o") + 1] = str(program)
            subprocess.run(words, cwd=build, check=True)
            try:
                run = subprocess.run([program, f"-sf=*simt/kernels/{TESTS.get(path.stem, path.stem)}_test*"], capture_output=True,
                                     timeout=300)
                result = "survived" if run.returncode == 0 else "noticed"
            except subprocess.TimeoutExpired:
                result = "noticed"
        for file in (source, built, program):
            file.unlink(missing_ok=True)
        what = f"{path.name}:{line_number}: {name}: {line}"
        if result == "survived":
            print(what, flush=True)
        return result, what

    jobs = list(enumerate((path, mutant) for path in files for mutant in mutants(path)))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = list(threads.map(noticed, jobs))
    compiled = [result for result in results if result[0] != "does not compile"]
    survivors = [what for result, what in compiled if result == "survived"]
    share = 1 - len(survivors) / max(1, len(compiled))
    print(f"{len(compiled)} mutants, {len(survivors)} survived: {100 * share:.1f}% noticed")
    sys.exit(share < WANTED)


if __name__ == "__main__":
    main()
