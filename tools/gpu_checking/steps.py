"""The steps of tools/gpu_check, in the order in which a few minutes of a GPU's time are worth most."""

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from gpu_checking import works as timed
from gpu_checking.report import Ran

# Tests of cuda_tests by source file.
OF_HARDWARE = "*matrix_instructions*,*kernels/similarity_test*,*graph_test*,*staging_test*,*backend_test*,*training_status*"
OF_KERNELS = "*simt/kernels/*"
OF_LINEAR = "*cuda/linear_test*"
OF_CONVOLUTIONS = "*cuda/conv2d_test*,*segmented_sort_test*"
OF_RACES = "*kernels/similarity_test*,*kernels/batch_norm_test*,*kernels/linear_evaluation_test*,*kernels/optimizer_test*"
TIMED_CONVOLUTIONS = "*was timed*"

# Kernels whose hardware counters are worth having, and what `bench kernels` calls the kernel that launches each.
COUNTED = {
    "meet_candidates": "similarity_forward",
    "weigh_candidates": "similarity_backward",
    "tile_moments": "batch_norm_moments",
    "gather_pairs": "max_pool_backward",
    "resize_views": "augment",
}
COUNTERS = (
    "Duration",
    "Compute (SM) Throughput",
    "Memory Throughput",
    "DRAM Throughput",
    "Registers Per Thread",
    "Achieved Occupancy",
)


class Checks:
    """Everything that the steps share."""

    def __init__(self, report, options):
        self.report, self.options = report, options
        self.sizes = timed.REHEARSAL if options.rehearse else timed.Sizes()
        self.works = timed.works(self.sizes)
        self.torch = None  # versions that PyTorch's Python reports, or nothing

    def environment(self):
        """Of our programs alone: NVIDIA's libraries as PyTorch's Python has them, and a new cache of timed algorithms."""
        directories = [*self.options.libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return {
            "LD_LIBRARY_PATH": ":".join(map(str, directories)),
            "XDG_CACHE_HOME": str(self.report.directory.resolve() / "cache"),
            "ANTIPODE_BIN": str(self.options.bin.resolve()),
        }

    def ours(self, name, program, *arguments, limit_s, before=()):
        command = [*before, self.options.bin / program, *arguments]
        return self.report.run(name, command, limit_s, self.environment())

    def failed(self, what):
        self.report.failed.append(what)

    def doctest(self, section, name, program, *filters, limit_s, before=()):
        """Runs tests; says how many passed, and what those say that did not."""
        ran = self.ours(name, program, *filters, limit_s=limit_s, before=before)
        lines = ran.text.splitlines()
        counts = next((line for line in reversed(lines) if "test cases:" in line), "no summary").strip()
        found = re.search(r"test cases:\s*(\d+)", counts)
        none = found is None or int(found[1]) == 0 or "[skipped]" in ran.text
        if none or not ran.succeeded:
            self.failed(name)
        self.report.say(section, f"- {name}: {counts}{'; NOTHING RAN' if none else ''}")
        said = [line.strip() for line in lines if "ERROR:" in line or "values:" in line or line.startswith("TEST CASE:")]
        if not ran.succeeded:
            for line in said[:24]:
                self.report.say(section, f"    {line}")
        return ran

    def time(self, step, limit_s):
        """Times the works of a step in one process."""
        chosen = [work for work in self.works if work.step == step]
        file = self.report.directory / f"{step}.works"
        file.write_text("".join(f"{work.line}\n" for work in chosen))
        if chosen[0].of_torch:
            if not self.torch:
                return
            flags = [*self.sizes.torch_device.split(), *self.sizes.repetitions.split()]
            command = [self.options.python, self.options.compare / "torch_work.py", "--works", file, *flags]
            ran = self.report.run(step, command, limit_s)
        else:
            flags = ["--works", file, "--device", "cuda", "--plans", "machine", *self.sizes.repetitions.split()]
            ran = self.ours(step, "bench", *flags, limit_s=limit_s)
        results = timed.results_of(ran.text)
        for work in chosen:
            if work.line in results:
                self.report.results["works"][f"{step}: {work.line}"] = results[work.line]
        if not ran.succeeded or any("ms" not in results.get(work.line, {}) for work in chosen):
            self.failed(step)
        self.compare()

    def compare(self):
        found = {tuple(key.split(": ", 1)): result for key, result in self.report.results["works"].items()}
        self.report.replace("Beside PyTorch", timed.tables(self.works, found))


def start(checks, limit_s):
    """Whether everything starts at all; nothing else makes sense before."""
    report, options, section = checks.report, checks.options, "Where"
    queries = {
        "nvidia-smi": [
            "nvidia-smi",
            "--query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem",
            "--format=csv,noheader",
        ],
        "lscpu": ["lscpu"],
        "ldd": ["ldd", *(file for file in sorted(options.bin.iterdir()) if file.read_bytes()[:4] == b"\x7fELF")],
    }
    said = {name: report.run(name, command, limit_s / 3) for name, command in queries.items()}
    report.say(section, said["nvidia-smi"].text.splitlines()[-1])
    cpu = re.search(r"Model name:\s*(.*)", said["lscpu"].text)
    report.say(section, f"{os.cpu_count()} processors, {cpu[1] if cpu else 'unknown'}, Python {platform.python_version()}")
    missing = sorted(set(re.findall(r"(\S+) => not found", said["ldd"].text)))
    if missing:
        report.say(section, f"- missing libraries: {', '.join(missing)}")
    ask = (
        "import json, torch; print(json.dumps({'torch': torch.__version__, 'cuda': torch.version.cuda, "
        "'cudnn': torch.backends.cudnn.version(), 'sees a GPU': torch.cuda.is_available()}))"
    )
    torch = report.run("torch", [options.python, "-c", ask], limit_s)
    checks.torch = next(timed.json_lines(torch.text), None) if torch.succeeded else None
    report.say(section, f"PyTorch: {json.dumps(checks.torch) if checks.torch else 'none in this Python: ours alone'}")
    for program in sorted(options.bin.iterdir()):
        if not checks.ours(f"start-{program.name}", program.name, "--help", limit_s=limit_s / 3).succeeded:
            checks.failed(f"{program.name} does not start")
    first = checks.ours("start", "bench", "nt-xent", "--rows", 8, "--device", "cuda", "--repetitions", 1, limit_s=limit_s)
    result = next(timed.json_lines(first.text), None)
    if result is None:
        checks.failed("bench --device cuda")
        report.say(section, f"- bench: {first.text.splitlines()[-1]}")
    else:
        report.results["where"] = {"model": result["model"], "libraries": result["libraries"], "torch": checks.torch}
        report.say(section, f"{result['model']}: {json.dumps(result['libraries'])}")
    return not report.failed


def hardware(checks, limit_s):
    checks.doctest("Tests", "tests-hardware", "cuda_tests", f"--source-file={OF_HARDWARE}", "--duration", limit_s=limit_s)


def kernel_tests(checks, limit_s):
    filters = [f"--source-file={OF_KERNELS},{OF_LINEAR}", f"--source-file-exclude={OF_HARDWARE}", "--duration"]
    checks.doctest("Tests", "tests-kernels", "cuda_tests", *filters, limit_s=limit_s)


def convolutions(checks, limit_s):
    only = [f"--source-file={OF_CONVOLUTIONS}", "--duration"]
    untimed = [*only, f"--test-case-exclude={TIMED_CONVOLUTIONS}"]
    checks.doctest("Tests", "tests-convolutions", "cuda_tests", *untimed, limit_s=limit_s / 2)
    checks.doctest("Tests", "tests-timed", "cuda_tests", *only, f"--test-case={TIMED_CONVOLUTIONS}", limit_s=limit_s / 2)


def whole_runs(checks, limit_s):
    """ResNet-18's and those that are killed; then the others. Their numbers say more than that they failed: batch norm over few
    values magnifies what a sum's order changes."""
    first = "*ResNet-18*,*killed*,*end with the bytes*"
    checks.doctest("Tests", "runs-first", "cuda_program_tests", f"--test-case={first}", "--duration", limit_s=limit_s * 0.6)
    others = [f"--test-case-exclude={first}", "--duration"]
    checks.doctest("Tests", "runs-others", "cuda_program_tests", *others, limit_s=limit_s * 0.4)


def sanitizer(checks, tool, filters, limit_s):
    section, name = "compute-sanitizer", f"{tool}-{'all' if filters == OF_KERNELS else 'some'}"
    if shutil.which("compute-sanitizer") is None:
        checks.report.say(section, "- compute-sanitizer is not in PATH")
        return
    # A test asks for more memory than there is: that error of the API is not one.
    flags = ["--tool", tool, "--error-exitcode", "9", "--print-limit", "20"]
    before = ["compute-sanitizer", *flags, *(["--report-api-errors", "no"] if tool == "memcheck" else [])]
    ran = checks.doctest(section, name, "cuda_tests", f"--source-file={filters}", limit_s=limit_s, before=before)
    summary = next((line for line in reversed(ran.text.splitlines()) if "SUMMARY" in line), "no summary").strip("= ")
    checks.report.say(section, f"- {name}: {summary}")


def kernels(checks, precision, limit_s):
    name = f"kernels-{precision}"
    flags = [*checks.sizes.kernels.split(), "--precision", precision, "--plans", "machine"]
    ran = checks.ours(name, "bench", "kernels", *flags, limit_s=limit_s)
    result = next(timed.json_lines(ran.text), None)
    section = f"Every kernel, {precision}"
    if result is None:
        checks.failed(name)
        table = ran.text.split("\n\n", 1)[-1].splitlines()  # as far as it came
        checks.report.say(section, "\n".join(["```", *table, "```"]))
        return
    checks.report.results[name] = result
    checks.report.say(
        section,
        f"{result['model']}: copies {result['copied_bytes_per_s'] / 1e9:.0f} GB/s, multiplies at "
        f"{result['operations_per_s'] / 1e12:.0f} TFLOP/s\n\n| kernel | example | ms | GB/s | TFLOP/s | % of ceiling |\n"
        "|---|---|---:|---:|---:|---:|",
    )
    for k in result["kernels"]:
        ms = k["median_ms"]
        rates = f"{k['bytes'] / ms / 1e6:.0f} | {k['operations'] / ms / 1e9:.1f} | {k['percent_of_ceiling']:.0f}"
        checks.report.say(section, f"| {k['kernel']} | {k['example']} | {ms:.4f} | {rates} |")


def recorded_steps(checks, limit_s):
    """Whether recorded steps, issued ones and recorded ones again end with the same bytes."""
    runs, section = checks.report.directory / "runs", "Recorded steps"
    for precision in ("fp32", "bf16"):
        ends = {}
        for name, graph in (("recorded", "on"), ("issued", "off"), ("again", "on")):
            out = runs / f"{precision}-{name}"
            flags = ["--recipe", "randbits-mnist", "--device", "cuda", "--precision", precision, "--report"]
            flags += ["off", "--cuda-graph", graph, "--out", out, "--epochs", 0, *checks.sizes.training.split()]
            if checks.ours(f"recorded-{precision}-{name}", "pretrain", *flags, limit_s=limit_s / 6).succeeded:
                files = sorted(out.glob("checkpoints/step_*/*.safetensors"))
                ends[name] = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() if files else "no file"
        same = len(ends) == 3 and len(set(ends.values())) == 1 and "no file" not in ends.values()
        if not same:
            checks.failed(f"recorded steps in {precision}")
        checks.report.say(section, f"- {precision}: {'the same bytes' if same else f'NOT the same: {ends}'}")


def counters(checks, limit_s):
    """The hardware counters of five kernels, in ncu/ and as text; the clocks stay as they are."""
    section = "Hardware counters"
    if shutil.which("ncu") is None:
        checks.report.say(section, "- ncu is not in PATH")
        return
    checks.report.say(section, f"| kernel | {' | '.join(COUNTERS)} |\n|---{'|---:' * len(COUNTERS)}|")
    for kernel, work in COUNTED.items():
        file = checks.report.directory / "ncu" / f"{kernel}.ncu-rep"
        which = ["--kernel-name", f"regex:^{kernel}$", "--launch-skip", 2, "--launch-count", 1, "--kill", "yes"]
        before = ["ncu", "--set", "full", "--clock-control", "none", *which, "--force-overwrite", "--export", file]
        flags = ["kernels", "--kernel", work, *checks.sizes.kernels.split(), "--precision", "bf16", "--plans", "machine"]
        checks.ours(f"ncu-{kernel}", "bench", *flags, limit_s=limit_s / len(COUNTED), before=before)
        shown = (
            checks.report.run(f"counters-{kernel}", ["ncu", "--import", file, "--page", "details"], limit_s / 3)
            if file.exists()
            else None
        )
        checks.report.say(section, counter_row(kernel, shown))
        if shown is None or not shown.succeeded:
            checks.failed(f"counters of {kernel}")


def counter_row(kernel: str, shown: Ran | None):
    values = []
    for counter in COUNTERS:
        found = re.search(rf"^\s*{re.escape(counter)}\s+(.*\S)\s*$", shown.text, re.M) if shown else None
        values.append(" ".join(found[1].split()[::-1]) if found else "")
    return f"| {kernel} | {' | '.join(values)} |"


def reproduce(checks, limit_s):
    """RandBits on MNIST, all fifteen cells; the run's report.html compares them with the published table."""
    if checks.options.data is None:
        return
    for precision in ("fp32", "bf16"):
        out = checks.report.directory / f"randbits-{precision}"
        flags = [
            "--data",
            f"mnist:{checks.options.data}",
            "--device",
            "cuda",
            "--set",
            f"run.precision={precision}",
            "--out",
            out,
        ]
        if checks.ours(f"reproduce-{precision}", "reproduce", "randbits-mnist", *flags, limit_s=limit_s / 2).succeeded:
            checks.report.say("The RandBits table", f"{precision}:\n\n{(out / 'report.md').read_text()}")
        else:
            checks.failed(f"reproduce-{precision}")


@dataclass(frozen=True)
class Step:
    name: str
    limit_s: int
    run: Callable
    what: str


STEPS = [
    Step("start", 30, start, "every program starts, and finds the GPU; versions"),
    Step("hardware", 25, hardware, "matrix instructions, NT-Xent, recorded steps, copies"),
    Step("tests", 60, kernel_tests, "all other kernels against the CPU's"),
    Step("figures", 40, lambda c, s: c.time("figures", s), "losses, LARS and batch norm"),
    Step("kernels", 45, lambda c, s: kernels(c, "bf16", s), "every kernel beside the device's peaks"),
    Step("pytorch", 75, lambda c, s: c.time("pytorch", s), "the same works in PyTorch"),
    Step("recorded", 40, recorded_steps, "the same bytes with and without recorded steps, and again"),
    Step("memcheck", 60, lambda c, s: sanitizer(c, "memcheck", OF_KERNELS, s), "accesses of our kernels"),
    Step("convolutions", 60, convolutions, "cuDNN's algorithms, and CUB's sort beside ours"),
    Step("simclr", 35, lambda c, s: c.time("simclr", s), "a whole step, recorded and issued"),
    Step("pytorch-simclr", 75, lambda c, s: c.time("pytorch-simclr", s), "the same step in PyTorch"),
    Step("counters", 45, counters, "hardware counters of five kernels"),
    Step("races", 60, lambda c, s: sanitizer(c, "racecheck", OF_RACES, s), "shared memory of the kernels that use most"),
    Step("runs", 150, whole_runs, "whole runs, recorded, repeated, killed and resumed, beside the CPU"),
    Step("large", 20, lambda c, s: c.time("large", s), "NT-Xent of a million rows"),
    Step("kernels-fp32", 40, lambda c, s: kernels(c, "fp32", s), "every kernel in fp32"),
    Step("racecheck", 180, lambda c, s: sanitizer(c, "racecheck", OF_KERNELS, s), "shared memory of all kernels"),
    Step("synccheck", 120, lambda c, s: sanitizer(c, "synccheck", OF_KERNELS, s), "barriers of all kernels"),
    Step("initcheck", 180, lambda c, s: sanitizer(c, "initcheck", OF_KERNELS, s), "memory that is read before it is written"),
    Step("reproduce", 1200, reproduce, "with --data: the RandBits table in two precisions"),
]
