"""What is timed: the works of `bench`, and the same in PyTorch (tools/compare/torch_work.py), each a line of arguments."""

import json
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """On a GPU, and in a rehearsal, where the interpreter computes."""

    loss: str = "--rows 8192 --dim 128"
    long_loss: str = "--rows 32768 --dim 128"
    longest_loss: str = "--rows 1048576 --dim 128"
    long_slices: str = "--rows 131072 --dim 128"
    images: str = "--batch-size 256"
    step: str = "--batch-size 1024 --image-size 112"
    lars: str = "lars"
    kernels: str = "--device cuda --batch-size 256 --rows 8192"
    training: str = "--data digits: --batch-size 256 --steps 30"
    repetitions: str = "--repetitions 20"
    repetitions_of_longest: str = "--repetitions 1 --warmup 0 --cuda-graph off"
    torch_device: str = "--device cuda --warmup 4"


REHEARSAL = Sizes(
    loss="--rows 16 --dim 8",
    long_loss="--rows 24 --dim 8",
    longest_loss="--rows 32 --dim 8",
    long_slices="--rows 40 --dim 8",
    images="--batch-size 1",
    step="--batch-size 2 --image-size 16",
    lars="lars --device cpu",
    kernels="--device cpu --threads 1 --batch-size 1 --rows 16 --dim 8 --repetitions 1 --warmup 0",
    training="--data subset(digits:,fraction=0.002) --batch-size 4 --steps 4",
    repetitions="--repetitions 1 --threads 1",
    torch_device="--device cpu --warmup 1 --threads 1",
)


@dataclass(frozen=True)
class Work:
    title: str  # of the table that it is in
    label: str  # of its line; the first line of a table is what the others are compared with
    step: str  # when it is timed
    line: str

    @property
    def of_torch(self):
        return self.step.startswith("pytorch")


def works(s):
    """In the order in which each step times them: it may have to stop before the last."""
    nt_xent, long_nt_xent, lars = "NT-Xent, N = 8192", "NT-Xent, N = 32768", "LARS, ResNet-50"
    norm, simclr = "batch norm + add + ReLU, 256x56x56x64", "SimCLR step, ResNet-18, 1024 images of 112"
    swd, long_swd = "sliced Wasserstein, N = 8192", "sliced Wasserstein, N = 131072"

    def theirs(title, work, setting, step="pytorch"):
        return Work(title, f"PyTorch {setting}", step, f"{work} --setting '{setting}'")

    return [
        Work(nt_xent, "ours bf16", "figures", f"nt-xent {s.loss} --precision bf16"),
        Work(nt_xent, "ours exact", "figures", f"nt-xent {s.loss}"),
        Work(long_nt_xent, "ours bf16", "figures", f"nt-xent {s.long_loss} --precision bf16"),
        Work(lars, "ours, with norms", "figures", s.lars),
        Work(norm, "ours bf16", "figures", f"batch-norm {s.images} --precision bf16"),
        Work(long_nt_xent, "ours exact", "figures", f"nt-xent {s.long_loss}"),
        Work(swd, "ours", "figures", f"swd {s.loss}"),
        Work(long_swd, "ours", "figures", f"swd {s.long_slices}"),
        Work("SIGReg, 1024 slices, N = 8192", "ours", "figures", f"sigreg {s.loss}"),
        Work("VISReg, 4096 slices, N = 8192", "ours", "figures", f"visreg {s.loss}"),
        Work("decoupled, N = 8192", "ours bf16", "figures", f"decoupled {s.loss} --precision bf16"),
        Work("queue of 4 N, N = 8192", "ours bf16", "figures", f"queue {s.loss} --precision bf16"),
        theirs(lars, "lars", "foreach"),
        theirs(norm, f"batch-norm {s.images}", "bf16"),
        theirs(nt_xent, f"nt-xent {s.loss}", "logsumexp autocast"),
        theirs(nt_xent, f"nt-xent {s.loss}", "logsumexp"),
        theirs(long_nt_xent, f"nt-xent {s.long_loss}", "logsumexp autocast"),
        theirs(nt_xent, f"nt-xent {s.loss}", "logsumexp autocast compiled"),
        theirs(norm, f"batch-norm {s.images}", "bf16 compiled"),
        theirs(swd, f"swd {s.loss}", "slices"),
        theirs(long_swd, f"swd {s.long_slices}", "slices"),
        theirs("SIGReg, 1024 slices, N = 8192", f"sigreg {s.loss}", "eager"),
        theirs("VISReg, 4096 slices, N = 8192", f"visreg {s.loss}", "eager"),
        theirs("decoupled, N = 8192", f"decoupled {s.loss}", "eager"),
        theirs("queue of 4 N, N = 8192", f"queue {s.loss}", "eager"),
        theirs(nt_xent, f"nt-xent {s.loss}", "logsumexp compiled"),
        theirs(long_nt_xent, f"nt-xent {s.long_loss}", "logsumexp autocast compiled"),
        theirs("SIGReg, 1024 slices, N = 8192", f"sigreg {s.loss}", "compiled"),
        theirs(lars, "lars", "loop"),
        theirs("VISReg, 4096 slices, N = 8192", f"visreg {s.loss}", "compiled"),
        theirs(swd, f"swd {s.loss}", "slices compiled"),
        Work(simclr, "ours bf16", "simclr", f"simclr {s.step} --precision bf16"),
        Work(simclr, "ours bf16 without graph", "simclr", f"simclr {s.step} --precision bf16 --cuda-graph off"),
        theirs(simclr, f"simclr {s.step}", "channels_last autocast", "pytorch-simclr"),
        theirs(simclr, f"simclr {s.step}", "channels_last autocast compiled", "pytorch-simclr"),
        Work(
            "NT-Xent, N = 1048576", "ours bf16", "large", f"nt-xent {s.longest_loss} --precision bf16 {s.repetitions_of_longest}"
        ),
    ]


def json_lines(text):
    """The objects in a program's output; the last line may have been cut off."""
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                return


def results_of(text):
    """{arguments: what was printed after them} of a program that timed several works."""
    found, arguments = {}, None
    for each in json_lines(text):
        if "arguments" in each:
            arguments = each["arguments"]
        elif arguments is not None:
            found[arguments] = each
    return found


def tables(all_works, results):
    """Lines of markdown: a table for each title of which something was timed."""
    lines = []
    for title in dict.fromkeys(work.title for work in all_works):
        members = [work for work in all_works if work.title == title]
        timed = [(work, results[(work.step, work.line)]) for work in members if (work.step, work.line) in results]
        if not timed:
            continue
        first = next((statistics.median(result["ms"]) for work, result in timed if work == members[0] and "ms" in result), None)
        lines += [f"| {title} | ms | MiB | ratio to ours |", "|---|---:|---:|---:|"]
        for work, result in timed:
            if "ms" not in result:
                lines.append(f"| {work.label} | {result.get('error', 'failed').splitlines()[0]} | | |")
                continue
            ms = statistics.median(result["ms"])
            lines.append(
                f"| {work.label} | {ms:.3f} | {result['peak_bytes'] / 2**20:.0f} | {f'{ms / first:.2f}' if first else ''} |"
            )
        lines.append("")
    return lines
