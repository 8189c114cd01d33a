#!/usr/bin/env python3
"""Times SimCLR's two views of image files: by `bench views`, by torchvision and by kornia; all take turns.

    .venv/bin/python3 tools/compare/augmentation.py --imagenet DIR --tiny-imagenet DIR --repetitions 3

--imagenet: a directory with JPEG files of any size, repeated until an epoch has 512; views have 224x224. --tiny-imagenet: a
directory with folders of JPEG files of 64x64; views have as many. Every side decodes an image once and makes two views of it: a
random crop, resized bicubically; a mirror image, 0.5; colour jitter of strength 1, 0.8; grey, 0.2; a Gaussian blur, 0.5, of 23x23
or 7x7 pixels. Its result is a batch of floats for each view. Files are in the page cache.

Our side reads the files as `folder:`, and from a file that `pack` made of them before (with --short-side 256 where they are
larger). The others, of which all that can be imported are timed:

    PIL              ImageFolder's default loader, torchvision.transforms.v2 on PIL images, in a DataLoader
    tensors          torchvision.io.decode_jpeg, torchvision.transforms.v2 on uint8 tensors, in a DataLoader
    packed tensors   the same transforms of the images of our packed file, which is mapped into memory
    kornia           torchvision.io.decode_jpeg in as many threads, kornia.augmentation on batches; where images differ in size,
                     torchvision crops and resizes them
    packed kornia    the same of the images of our packed file

Prints views/s: the median over all epochs of all repetitions, and the best epoch; the processor time per image of all threads and
workers, the least of all repetitions, which other programs disturb little; the ratios of the three (from JPEG files to those that
read these, from the packed file to those that read that); and where our processor time goes.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import loading  # first, since it limits OpenMP's threads
from needed import ROOT, need_program, need_torchvision, output_of, refuse

SIZES = {"Photographs": 224, "Tiny ImageNet": 64}


def blur_pixels(size):
    return 2 * (size // 10 // 2) + 1


class TwoViews:
    """The views of an image that is decoded already: a tensor [2,3,size,size] of floats."""

    def __init__(self, size, pil):
        import torch
        from torchvision.transforms import InterpolationMode, v2

        self.steps = v2.Compose(
            [
                v2.RandomResizedCrop(size, interpolation=InterpolationMode.BICUBIC, antialias=False),
                v2.RandomHorizontalFlip(0.5),
                v2.RandomApply([v2.ColorJitter(0.8, 0.8, 0.8, 0.2)], 0.8),
                v2.RandomGrayscale(0.2),
                v2.RandomApply([v2.GaussianBlur(blur_pixels(size), (0.1, 2.0))], 0.5),
                *([v2.PILToTensor()] if pil else []),
                v2.ToDtype(torch.float32, scale=True),
            ]
        )

    def __call__(self, image):
        import torch

        return torch.stack([self.steps(image), self.steps(image)])


class PackedImages:
    """The training images of a packed file as tensors: see docs/data.md."""

    def __init__(self, path, transform=None):
        import numpy

        self.path, self.transform = path, transform
        file = numpy.memmap(path, numpy.uint8, "r")
        catalogue = int(file[24:32].view("<u8")[0])
        text = int(file[catalogue : catalogue + 8].view("<u8")[0])
        count = json.loads(file[catalogue + 8 : catalogue + 8 + text].tobytes())["splits"][0]["images"]
        entry = numpy.dtype([("offset", "<u8"), ("height", "<u4"), ("width", "<u4"), ("checksum", "<u8")])
        begin = catalogue + 8 + text
        self.index = file[begin : begin + count * entry.itemsize].view(entry)
        self.file = file

    def __len__(self):
        return len(self.index)

    def image(self, i):
        import torch

        entry = self.index[i]
        begin, shape = int(entry["offset"]), (int(entry["height"]), int(entry["width"]), 3)
        pixels = self.file[begin : begin + shape[0] * shape[1] * 3].reshape(shape)
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1)

    def __getitem__(self, i):
        return self.transform(self.image(i)), 0


class JpegImages:
    """JPEG files as tensors."""

    def __init__(self, files):
        self.files = files

    def __len__(self):
        return len(self.files)

    def image(self, i):
        from torchvision.io import ImageReadMode, decode_jpeg, read_file

        return decode_jpeg(read_file(self.files[i]), mode=ImageReadMode.RGB)


class Transforms(loading.Epochs):
    """torchvision's transforms in a DataLoader's workers."""

    def __init__(self, name, images, options, batch):
        import torch

        self.name, self.packed, self.processor_ms = name, name.startswith("packed"), []
        self.images = images
        self.loader = torch.utils.data.DataLoader(
            images,
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=options.workers,
            persistent_workers=True,
            worker_init_fn=loading.one_thread,
        )

    def views_per_second(self, count):
        return [2 * rate for rate in self.rates(count)]


class Kornia:
    """kornia's augmentations of whole batches, whose images are decoded by a pool of threads."""

    def __init__(self, name, images, size, ragged, options, batch):
        import kornia.augmentation as K

        self.name, self.packed, self.images, self.batch = name, name.startswith("packed"), images, batch
        self.size, self.ragged, self.workers, self.processor_ms = size, ragged, options.workers, []
        blur = blur_pixels(size)
        crop = [] if ragged else [K.RandomResizedCrop((size, size), resample="BICUBIC")]
        self.steps = K.AugmentationSequential(
            *crop,
            K.RandomHorizontalFlip(p=0.5),
            K.ColorJitter(0.8, 0.8, 0.8, 0.2, p=0.8),
            K.RandomGrayscale(p=0.2),
            K.RandomGaussianBlur((blur, blur), (0.1, 2.0), p=0.5),
            data_keys=["input"],
        )

    def cropped(self, i):
        from torchvision.transforms import InterpolationMode, v2

        image = self.images.image(i)
        if not self.ragged:
            return [image]
        crop = v2.RandomResizedCrop(self.size, interpolation=InterpolationMode.BICUBIC, antialias=False)
        return [crop(image), crop(image)]

    def views_per_second(self, count):
        import torch

        rates, images_done, before = [], 0, time.process_time()
        torch.set_num_threads(self.workers)
        with ThreadPoolExecutor(self.workers) as pool, torch.inference_mode():
            for _ in range(count):
                order = torch.randperm(len(self.images)).tolist()
                batches = len(order) // self.batch
                begin = time.perf_counter()
                for step in range(batches):
                    images = list(pool.map(self.cropped, order[step * self.batch : (step + 1) * self.batch]))
                    for view in range(2):
                        self.steps(torch.stack([image[view % len(image)] for image in images]).float() / 255)
                rates.append(2 * batches * self.batch / (time.perf_counter() - begin))
                images_done += batches * self.batch
        self.processor_ms.append((time.process_time() - before) / images_done * 1e3)
        torch.set_num_threads(1)
        return rates


class Views:
    """Our side."""

    def __init__(self, name, source, size, options, batch):
        self.name, self.packed, self.shares, self.processor_ms = name, name == "packed", {}, []
        self.command = [options.bench, "views", "--data", source, "--augment", "simclr", "--image-size", size]
        self.command += ["--workers", options.workers, "--threads", options.threads, "--batch-size", batch, "--warmup", 1]

    def views_per_second(self, count):
        result = json.loads(output_of([*self.command, "--repetitions", count]))
        self.shares = result["shares"]
        self.processor_ms.append(result["processor_ms_per_image"])
        return [result["views"] / ms * 1e3 for ms in result["ms"]]


def peers(folder, pack, size, ragged, options, batch):
    from torchvision.datasets import ImageFolder

    sides = [
        Transforms("PIL", ImageFolder(folder, transform=TwoViews(size, True)), options, batch),
        Transforms(
            "tensors",
            ImageFolder(folder, transform=TwoViews(size, False), loader=loading.Setting("torchvision", size).load),
            options,
            batch,
        ),
        Transforms("packed tensors", PackedImages(pack, TwoViews(size, False)), options, batch),
    ]
    if importlib.util.find_spec("kornia"):
        files = [path for path, _ in ImageFolder(folder).samples]
        sides.append(Kornia("kornia", JpegImages(files), size, ragged, options, batch))
        sides.append(Kornia("packed kornia", PackedImages(pack), size, ragged, options, batch))
    return sides


def compare(title, folder, ragged, batch, scratch, options):
    size = SIZES[title]
    print(f"\n{title}, two views of {size}x{size}, batches of {batch}", flush=True)
    packed = loading.packed(folder, size if ragged else 0, scratch, options)
    ours = [Views(name, source, size, options, batch) for name, source in (("folder", f"folder:{folder}"), ("packed", packed))]
    others = peers(folder, packed.removeprefix("packed:"), size, ragged, options, batch)
    rates = {side: [] for side in (*ours, *others)}
    for peer in others:
        peer.views_per_second(1)  # workers start, and files come into the page cache
    for _ in range(options.repetitions):
        for side, of_side in rates.items():
            of_side.extend(side.views_per_second(options.epochs))
    for side, of_side in rates.items():
        least_ms = min(side.processor_ms)
        text = f"  {side.name:<16}{statistics.median(of_side):10.0f} views/s, best {max(of_side):8.0f}, {least_ms:7.3f} ms"
        for mine in ours if side in others else ():
            if mine.packed == side.packed:
                median, best = statistics.median(rates[mine]), max(rates[mine])
                ratios = median / statistics.median(of_side), best / max(of_side), least_ms / min(mine.processor_ms)
                text += "   {} is faster by {:.2f}, {:.2f}, {:.2f}".format(mine.name, *ratios)
        print(text)
    for side in ours:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in side.shares.items())
        print(f"  processor time of {side.name}: {shares}", flush=True)


def versions():
    found = loading.versions()
    if importlib.util.find_spec("kornia"):
        import kornia

        found += f", kornia {kornia.__version__}"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/cpu/bin/bench", help="the program to time")
    parser.add_argument("--imagenet", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--tiny-imagenet", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--workers", type=int, default=2, help="of each side, and threads of kornia")
    parser.add_argument("--threads", type=int, default=2, help="of our augmentation")
    parser.add_argument("--epochs", type=int, default=2, help="of each side in its turn")
    parser.add_argument("--repetitions", type=int, default=3, help="turns")
    options = parser.parse_args()
    need_torchvision()
    need_program(options.bench)
    if not options.imagenet and not options.tiny_imagenet:
        refuse("give directories with JPEG files: --imagenet DIR, --tiny-imagenet DIR")
    print(f"{versions()}; {loading.processor()}, {os.cpu_count()} cores; {options.workers} workers on each side")
    with tempfile.TemporaryDirectory() as scratch:
        if options.imagenet:
            folder = loading.repeated(options.imagenet, pathlib.Path(scratch))
            compare("Photographs", folder, True, 64, pathlib.Path(scratch), options)
        if options.tiny_imagenet:
            compare("Tiny ImageNet", options.tiny_imagenet, False, 256, pathlib.Path(scratch), options)


if __name__ == "__main__":
    sys.exit(main())
