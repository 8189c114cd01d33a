"""What is found: runs commands within the time that is left, and rewrites the results after every step."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import time
from dataclasses import dataclass

MOST_BYTES = 16 << 20  # of one result file
MOST_LOG_BYTES = 2 << 20  # of one log in logs.tgz: its end


@dataclass(frozen=True)
class Ran:
    status: int | str  # 0, or why it did not succeed
    text: str  # all output

    @property
    def succeeded(self):
        return self.status == 0


class Report:
    """Results lie in `directory`. `bring`, if given, gets what matters of them in few files, after every step: a command that is
    killed then leaves what the steps before it have found."""

    def __init__(self, directory, bring, seconds):
        self.directory, self.bring, self.begin, self.seconds = directory, bring, time.monotonic(), seconds
        self.sections, self.failed, self.results = {}, [], {"steps": {}, "works": {}}
        for folder in (directory / "logs", directory / "ncu", directory / "cache"):
            folder.mkdir(parents=True, exist_ok=True)
        if bring:
            bring.mkdir(parents=True, exist_ok=True)

    def left_s(self):
        return self.seconds - (time.monotonic() - self.begin)

    def say(self, section, line=""):
        """Adds a line to a section of summary.md."""
        print(line, flush=True)
        self.sections.setdefault(section, []).append(line)

    def replace(self, section, lines):
        self.sections[section] = lines

    def run(self, name, command, limit_s, environment=None):
        """Runs a command for at most that long. Its output is in logs/NAME.txt too."""
        words, begin = [str(word) for word in command], time.monotonic()
        file = self.directory / "logs" / f"{name}.txt"
        limit_s = max(1, min(limit_s, self.left_s()))
        with file.open("w") as out:
            out.write("+ " + " ".join(words) + "\n")
            out.flush()
            try:
                status = self.wait(words, out, limit_s, {**os.environ, **(environment or {})})
            except OSError as error:
                status = str(error)
        text = file.read_text(errors="replace")
        if status != 0:
            self.say("Trouble", f"- {name}: {status} after {time.monotonic() - begin:.0f} s, see logs/{file.name}")
        return Ran(status, text)

    @staticmethod
    def wait(words, out, limit_s, environment):
        # A group of its own: what a profiler or sanitizer starts ends with it.
        process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=environment, process_group=0)
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"stopped after {limit_s:.0f} s"

    def write(self):
        lines = [line for section in self.sections.items() for line in (f"\n## {section[0]}\n", *section[1])]
        lines += ["", f"Failed: {', '.join(self.failed) or 'nothing'}"]
        (self.directory / "summary.md").write_text("# What a GPU says\n" + "\n".join(lines) + "\n")
        (self.directory / "results.json").write_text(json.dumps(self.results, indent=1) + "\n")
        if self.bring:
            self.bring_back()

    def bring_back(self):
        for name in ("summary.md", "results.json"):
            shutil.copy(self.directory / name, self.bring / name)
        for plans in sorted((self.directory / "cache/antipode").glob("plans-*.json")):
            shutil.copy(plans, self.bring / "plans.json")
        with tarfile.open(self.bring / "logs.tgz", "w:gz", compresslevel=1) as archive:
            for log in sorted((self.directory / "logs").glob("*.txt")):
                with shortened(log) as short:
                    archive.add(short, f"logs/{log.name}")
        counters = sorted((self.directory / "ncu").glob("*.ncu-rep"))
        if counters:
            with tarfile.open(self.bring / "ncu.tgz", "w:gz", compresslevel=1) as archive:
                for file in counters:
                    archive.add(file, f"ncu/{file.name}")
        for file in self.bring.iterdir():
            if file.stat().st_size > MOST_BYTES:
                file.write_text(f"{file.stat().st_size} bytes, too many to bring back\n")


@contextlib.contextmanager
def shortened(log):
    """The file, or a copy of its end if it is long."""
    if log.stat().st_size <= MOST_LOG_BYTES:
        yield log
        return
    copy = pathlib.Path(f"{log}.end")
    with log.open("rb") as file:
        file.seek(-MOST_LOG_BYTES, os.SEEK_END)
        copy.write_bytes(file.read())
    yield copy
    copy.unlink()
