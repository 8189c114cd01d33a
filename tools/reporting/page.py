"""What every report is made of: reading what the programs wrote, plots, and the page around them."""

import base64
import html
import io
import json
from contextlib import contextmanager

from matplotlib import pyplot as plt

# Okabe and Ito's colours can be told apart with every kind of colour vision; markers help in greyscale.
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "os^Dvp*"
STYLE = {
    "figure.dpi": 120,
    "savefig.bbox": "tight",
    "font.size": 10,
    "axes.grid": True,
    "grid.color": "#e0e0e0",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "text.usetex": False,
    "svg.hashsalt": "antipode",
}  # svg.hashsalt: equal figures give equal bytes

CSS = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .25rem .8rem; text-align: right; }
thead { border-bottom: 2px solid #222; } tr.group { border-top: 1px solid #bbb; } img { max-width: 100%; }
.warning { background: #fff3cd; border-left: 4px solid #E69F00; padding: .6rem 1rem; } pre { overflow-x: auto; }"""


class BadDirectory(Exception):
    pass


def read_text(path):
    if path.exists() and not path.is_file():  # reading a pipe would block until something writes to it
        raise BadDirectory(f"{path} cannot be read: it is not a regular file")
    return path.read_text(encoding="utf-8")


def read_json(path):
    try:
        return json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise BadDirectory(f"{path} cannot be read: {error}") from None


@contextmanager
def as_written_by(program, path):
    """Reports errors inside the block as an invalid file."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise BadDirectory(f"{path} is not what {program} writes ({error!r})") from None


def read_metrics(run):
    """The records of metrics.jsonl by phase. A last line that a kill cut short is ignored, as when a run is resumed."""
    records = {"train": [], "eval": []}
    path = run / "metrics.jsonl"
    if not path.exists():
        return records
    with as_written_by("pretrain", path):
        lines = read_text(path).splitlines()
        for at, line in enumerate(lines):
            try:
                record = json.loads(line)
            except ValueError:
                if at + 1 < len(lines):
                    raise
                break
            record["step"] + 0  # raises unless it is a number: it is the x axis of every plot
            records[record["phase"]].append(record)
    return records


def series(records, key):
    """The steps that have a value, and the values."""
    pairs = [(record["step"], record[key]) for record in records if record.get(key) is not None]
    return [step for step, _ in pairs], [value for _, value in pairs]


def dots(records):
    """Markers for a line of few points: a single point would not be visible without one."""
    return "." if len(records) < 20 else ""


def write_whole(path, data):
    """Replaces a file atomically: readers see either the old file or the new one."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(data)
    temporary.rename(path)


class Page:
    """Collects report.html and writes the plots beside it."""

    def __init__(self, directory, title):
        self.directory, self.title, self.parts = directory, title, []

    def add(self, text):
        self.parts.append(text)

    def heading(self, text):
        self.add(f"<h2>{html.escape(text)}</h2>")

    def paragraph(self, text, kind=""):
        self.add(f'<p class="{kind}">{html.escape(text)}</p>' if kind else f"<p>{html.escape(text)}</p>")

    def code(self, text):
        self.add(f"<pre>{html.escape(text)}</pre>")

    def table(self, head, rows, group=None):
        """`group`: a row whose value in this column differs from that of the row before gets a line above it."""
        self.add("<table><thead><tr>" + "".join(f"<th>{html.escape(str(cell))}</th>" for cell in head) + "</tr></thead>")
        before = None
        for row in rows:
            begins = group is not None and before is not None and row[group] != before
            before = row[group] if group is not None else None
            cells = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row)
            self.add(f'<tr class="group">{cells}</tr>' if begins else f"<tr>{cells}</tr>")
        self.add("</table>")

    def figure(self, figure, name, caption):
        plots = self.directory / "plots"
        plots.mkdir(exist_ok=True)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png")
        figure.savefig(svg, format="svg", metadata={"Date": None})
        plt.close(figure)
        write_whole(plots / f"{name}.png", png.getvalue())
        write_whole(plots / f"{name}.svg", svg.getvalue())
        data = base64.b64encode(png.getvalue()).decode()
        self.add(
            f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        )

    def write(self):
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(self.title)}</title>'
            f"<style>{CSS}</style><body><h1>{html.escape(self.title)}</h1>\n" + "\n".join(self.parts) + "\n</body></html>\n"
        )
        write_whole(self.directory / "report.html", page.encode("utf-8", "replace"))


def number(value, form=".4f"):
    return "" if value is None else format(value, form)
