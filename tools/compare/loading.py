#!/usr/bin/env python3
"""Times how fast image files are loaded as batches: by `bench load` and by torchvision's ImageFolder; all take turns.

    .venv/bin/python3 tools/compare/loading.py --imagenet DIR --tiny-imagenet DIR --repetitions 3

--imagenet: a directory with JPEG files of any size, repeated until an epoch has 512. Each is resized to 224 on its shorter side
and its middle is cut out. --tiny-imagenet: a directory with folders of JPEG files of 64x64, which are only decoded.

Our side reads the files as `folder:`, and from a file that `pack` made of them before (with --short-side 256 where they are
resized). PyTorch's side is ImageFolder in a DataLoader with as many workers, which stay alive from epoch to epoch; its
batches are uint8 tensors, as ours. Files are in the page cache. The settings, of which all that can be imported are timed:

    PIL            ImageFolder's default loader, Resize and CenterCrop
    PIL draft      the same; JPEG files are decoded at 1/2, 1/4 or 1/8 where that is no smaller than the result
    torchvision    torchvision.io.decode_jpeg, resized as tensors
    torchcodec     torchcodec.decoders.decode_jpeg, resized as tensors
    simplejpeg     simplejpeg.decode_jpeg, scaled by libjpeg-turbo where that is no smaller, resized as tensors

Prints images/s: the median over all epochs of all repetitions, and the best epoch; the processor time per image of all
threads and workers, the least of all repetitions, which other programs disturb little; the ratios of the three; and the share
of our workers' processor time that each stage takes.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import platform
import statistics
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"

from needed import ROOT, need_program, need_torchvision, output_of, refuse

SIZE, SHORT_SIDE, EPOCH_IMAGES = 224, 256, 512
NAMES = (".jpeg", ".jpg", ".png")


def image_files(folder):
    return sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in NAMES)


def repeated(folder, scratch):
    """Links to the files, in a folder of one class."""
    files = image_files(folder)
    if not files:
        refuse(f"{folder} has no JPEG or PNG files; give a directory that has")
    links = scratch / "imagenet" / "all"
    links.mkdir(parents=True)
    for i in range(max(EPOCH_IMAGES, len(files))):
        path = files[i % len(files)]
        (links / f"{i:06}{path.suffix}").symlink_to(path.resolve())
    return links.parent


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Setting:
    """How a file becomes a uint8 tensor [3,height,width]."""

    def __init__(self, name, size):
        self.name, self.size = name, size

    def load_pil(self, path):
        from PIL import Image

        with Image.open(path) as image:
            if self.size and self.name == "PIL draft":
                scale = self.size / min(image.size)
                image.draft("RGB", tuple(int(side * scale) + 1 for side in image.size))
            return image.convert("RGB")

    def load_torchvision(self, path):
        from torchvision.io import ImageReadMode, decode_jpeg, read_file

        return decode_jpeg(read_file(path), mode=ImageReadMode.RGB)

    def load_torchcodec(self, path):
        import torch
        from torchcodec.decoders import ImageReadMode, decode_jpeg

        return decode_jpeg(torch.frombuffer(bytearray(contents(path)), dtype=torch.uint8), mode=ImageReadMode.RGB)

    def load_simplejpeg(self, path):
        import simplejpeg
        import torch

        scaled = {"min_height": self.size, "min_width": self.size, "min_factor": 2} if self.size else {}
        return torch.from_numpy(simplejpeg.decode_jpeg(contents(path), "RGB", **scaled)).permute(2, 0, 1)

    def load(self, path):
        return getattr(self, "load_" + self.name.split()[0].lower())(path)

    def transform(self):
        from torchvision.transforms import v2

        steps = [v2.Resize(self.size, antialias=True), v2.CenterCrop(self.size)] if self.size else []
        return v2.Compose([*steps, v2.PILToTensor()] if self.name.startswith("PIL") else steps or [v2.Identity()])


class Epochs:
    """Epochs of a DataLoader. Each is timed from its first batch to its last: how it begins is not counted."""

    def __init__(self, folder, setting, options, batch):
        import torch
        from torchvision.datasets import ImageFolder

        torch.set_num_threads(1)
        self.name, self.processor_ms = setting.name, []
        self.images = ImageFolder(folder, transform=setting.transform(), loader=setting.load)
        self.loader = torch.utils.data.DataLoader(
            self.images,
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=options.workers,
            persistent_workers=True,
            worker_init_fn=one_thread,
        )

    def processor_s(self):
        """Of this process and the workers so far. They stay alive, and only then are not among os.times's children."""
        own = os.times()
        ticks = 0
        for child in pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split():
            fields = pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return own.user + own.system + ticks / os.sysconf("SC_CLK_TCK")

    def rates(self, count):
        rates = []
        before = self.processor_s()
        for _ in range(count):
            batches, begin, last = 0, None, None
            for _ in self.loader:
                last = time.perf_counter()
                begin, batches = begin or last, batches + 1
            rates.append((batches - 1) * self.loader.batch_size / (last - begin))
        self.processor_ms.append((self.processor_s() - before) / (count * len(self.loader) * self.loader.batch_size) * 1e3)
        return rates


def one_thread(_):
    import torch

    torch.set_num_threads(1)


class Bench:
    def __init__(self, name, source, options, batch):
        self.name = name
        self.command = [
            options.bench,
            "load",
            "--data",
            source,
            "--threads",
            options.workers,
            "--batch-size",
            batch,
            "--warmup",
            1,
        ]
        self.shares, self.processor_ms = {}, []

    def rates(self, count):
        result = json.loads(output_of([*self.command, "--repetitions", count]))
        self.shares = result["shares"]
        self.processor_ms.append(result["processor_ms_per_image"])
        return [result["images"] / ms * 1e3 for ms in result["ms"]]


def versions():
    import torch
    import torchvision

    found = [f"PyTorch {torch.__version__}", f"torchvision {torchvision.__version__}"]
    for module, name in (("PIL", "Pillow"), ("torchcodec", "torchcodec"), ("simplejpeg", "simplejpeg")):
        if importlib.util.find_spec(module):
            found.append(f"{name} {getattr(__import__(module), '__version__', '')}".strip())
    return ", ".join(found)


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def settings(size):
    names = ["PIL"] + (["PIL draft"] if size else []) + ["torchvision"]
    return names + [name for name in ("torchcodec", "simplejpeg") if importlib.util.find_spec(name)]


def packed(folder, size, scratch, options):
    file = scratch / f"{size}.pack"
    shrunk = ["--short-side", SHORT_SIDE] if size else []
    output_of([options.bench.parent / "pack", "--data", f"folder:{folder}", "--out", file, *shrunk])
    return f"packed:{file}"


def compare(title, folder, size, batch, scratch, options):
    print(f"\n{title}, batches of {batch}", flush=True)
    sources = {"folder": f"folder:{folder}", "packed": packed(folder, size, scratch, options)}
    all_ours = [
        Bench(name, f"resize({source}, size={size})" if size else source, options, batch) for name, source in sources.items()
    ]
    peers = [Epochs(folder, Setting(name, size), options, batch) for name in settings(size)]
    rates = {side: [] for side in (*all_ours, *peers)}
    for peer in peers:
        peer.rates(1)  # workers start, and files come into the page cache
    for _ in range(options.repetitions):
        for side, of_side in rates.items():
            of_side.extend(side.rates(options.epochs))
    for side, of_side in rates.items():
        least_ms = min(side.processor_ms)
        text = f"  {side.name:<12}{statistics.median(of_side):10.0f} images/s, best {max(of_side):8.0f}, {least_ms:7.3f} ms"
        for ours in all_ours if side in peers else ():
            median, best = statistics.median(rates[ours]), max(rates[ours])
            ratios = median / statistics.median(of_side), best / max(of_side), least_ms / min(ours.processor_ms)
            text += "   {} is faster by {:.2f}, {:.2f}, {:.2f}".format(ours.name, *ratios)
        print(text)
    for ours in all_ours:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in ours.shares.items())
        print(f"  processor time of the workers of {ours.name}: {shares}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/cpu/bin/bench", help="the program to time")
    parser.add_argument("--imagenet", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--tiny-imagenet", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--workers", type=int, default=2, help="of each side")
    parser.add_argument("--epochs", type=int, default=3, help="of each side in its turn")
    parser.add_argument("--repetitions", type=int, default=3, help="turns")
    options = parser.parse_args()
    need_torchvision()
    need_program(options.bench)
    if not options.imagenet and not options.tiny_imagenet:
        refuse("give directories with JPEG files: --imagenet DIR, --tiny-imagenet DIR")
    print(f"{versions()}; {processor()}, {os.cpu_count()} cores; {options.workers} workers on each side")
    with tempfile.TemporaryDirectory() as scratch:
        if options.imagenet:
            folder = repeated(options.imagenet, pathlib.Path(scratch))
            compare(f"Files of any size, to {SIZE}x{SIZE}", folder, SIZE, 64, pathlib.Path(scratch), options)
        if options.tiny_imagenet:
            compare("Files of 64x64", options.tiny_imagenet, 0, 256, pathlib.Path(scratch), options)


if __name__ == "__main__":
    sys.exit(main())
