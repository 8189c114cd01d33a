"""The report of a table of runs: plots like the paper's, its trends and ours, every figure, learning curves."""

from itertools import product

from matplotlib import pyplot as plt

from reporting.page import COLORS, MARKERS, Page, as_written_by, dots, number, read_json, read_metrics, series

MOST_CURVES = 8  # values of an axis that get learning curves of their own


def numbers_of(texts):
    """The values of an axis as numbers, or None if they are words."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


class Layout:
    """Which axis of the table is across a plot, which are its lines, and which give it panels."""

    def __init__(self, results, values):
        """`values`: of each axis, by name."""
        plot = results["plot"]
        self.x, self.lines, self.values, self.log = plot["x"], plot["lines"], values, plot["log_x"]
        self.others = [name for name in values if name not in (self.x, self.lines)]
        self.panels = list(product(*(values[name] for name in self.others)))
        self.texts = values[self.x]
        self.numbers = numbers_of(self.texts)

    def at(self, text):
        return self.numbers[self.texts.index(text)] if self.numbers else self.texts.index(text)

    def panel(self, entry):
        return tuple(entry[name] for name in self.others)

    def line_values(self):
        return self.values[self.lines] if self.lines else [""]

    def line(self, entry):
        return entry[self.lines] if self.lines else ""

    def title(self, panel):
        return ", ".join(f"{name} {value}" for name, value in zip(self.others, panel))

    def scale(self, axes):
        axes.set_xlabel(self.x)
        places = self.numbers or list(range(len(self.texts)))
        low, high = min(places), max(places)
        if self.log and self.numbers and low > 0:
            axes.set_xscale("log")
            axes.minorticks_off()
            room = (high / low) ** 0.05 if high > low else 2
            axes.set_xlim(low / room, high * room)
        else:
            room = 0.05 * (high - low) or 1
            axes.set_xlim(low - room, high + room)
        axes.set_xticks(places, self.texts)


def color_of(index):
    return COLORS[index % len(COLORS)]


def draw_line(axes, points, index, **style):
    """`points`: pairs of a position and a value, some without a value."""
    known = [point for point in points if point[1] is not None]
    if known:
        x, y = zip(*known)
        axes.plot(x, y, color=color_of(index), marker=MARKERS[index % len(MARKERS)], markersize=5, **style)


def quantities_figure(layout, entries, quantities, ours):
    """A row of panels for every quantity. `ours`: our means, with the seeds as ticks and the published figures dashed where
    they can be compared; else the published figures alone."""
    figure, rows = plt.subplots(
        len(quantities),
        len(layout.panels),
        figsize=(4.4 * len(layout.panels) + 2.2, 3.6 * len(quantities)),
        sharex=True,
        sharey="row",
        squeeze=False,
    )
    for row, quantity in zip(rows, quantities):
        accuracy = True
        for axes, panel in zip(row, layout.panels):
            for index, value in enumerate(layout.line_values()):
                here = [entry for entry in entries if layout.panel(entry) == panel and layout.line(entry) == value]
                if not ours:
                    points = [(layout.at(entry[layout.x]), entry["values"].get(quantity["name"])) for entry in here]
                    draw_line(axes, points, index, linestyle="--", label=value)
                    continue
                figures = [(layout.at(entry[layout.x]), entry["values"][quantity["name"]]) for entry in here]
                published = [(at, figure.get("published")) for at, figure in figures]
                draw_line(axes, published, index, linestyle="--", alpha=0.75, markerfacecolor="white", linewidth=1.2)
                for at, figure_ in figures:
                    seeds = [seed for seed in figure_["runs"] if seed is not None]
                    axes.plot([at] * len(seeds), seeds, "_", color=color_of(index), markersize=9)
                    accuracy = accuracy and all(0 <= seed <= 1 for seed in seeds)
                draw_line(axes, [(at, figure_["mean"]) for at, figure_ in figures], index, linewidth=2, label=value)
            layout.scale(axes)
            axes.set_title(layout.title(panel), fontsize=10)
        if accuracy:
            row[0].set_ylim(0, 1.02)
        row[0].set_ylabel(quantity["label"])
    handles = [
        plt.Line2D([], [], color=color_of(index), marker=MARKERS[index % len(MARKERS)], label=value)
        for index, value in enumerate(layout.line_values())
    ]
    if layout.lines:
        figure.legend(handles=handles, title=layout.lines, loc="center left", bbox_to_anchor=(0.995, 0.5))
    figure.tight_layout()
    return figure


def curves_figure(directory, layout, entries):
    """Probe accuracy on training images, and loss, over the steps: one panel per value across, one line per run."""
    step = -(-len(layout.texts) // MOST_CURVES)
    shown = layout.texts[::step]
    figure, axes = plt.subplots(2, len(shown), figsize=(2.6 * len(shown) + 1, 5.6), sharex=True, sharey="row", squeeze=False)
    drawn = False
    for entry in entries:
        if entry[layout.x] not in shown:
            continue
        at, index = shown.index(entry[layout.x]), layout.line_values().index(layout.line(entry))
        for run in entry["runs"]:
            records = read_metrics(directory / run["run"])["train"]
            drawn = drawn or bool(records)
            first = run["seed"] == 1
            line = {
                "color": color_of(index),
                "linewidth": 1.4 if first else 0.9,
                "alpha": 1 if first else 0.55,
                "marker": dots(records),
            }
            axes[0][at].plot(*series(records, "probe_acc"), **line)
            axes[1][at].plot(*series(records, "loss"), **line)
    for at, value in enumerate(shown):
        axes[0][at].set_title(f"{layout.x} {value}", fontsize=10)
        axes[1][at].set_xlabel("step")
    axes[0][0].set(ylabel="probe accuracy\n(training images)", ylim=(0, 1), xlim=(0, None))
    axes[1][0].set_ylabel("loss")
    handles = [plt.Line2D([], [], color=color_of(i), label=value) for i, value in enumerate(layout.line_values())]
    if layout.lines:
        figure.legend(handles=handles, title=layout.lines, loc="center left", bbox_to_anchor=(0.995, 0.5))
    figure.tight_layout()
    if not drawn:
        plt.close(figure)
        return None
    return figure


def change_text(trend, change):
    if trend["expected"] == "is flat":
        return "" if change["largest"] is None else f"within {change['largest']:.3f}"
    return "" if None in (change["first"], change["last"]) else f"{change['first']:.3f} to {change['last']:.3f}"


def add_trends(page, trends):
    rows = []
    for trend in trends:
        papers = {change["at"]: change_text(trend, change) for change in trend["paper"]}
        for change in trend["ours"]:
            seen = {None: "not known yet", True: "yes", False: "NO"}[change["seen"]]
            rows.append([trend["says"], change["at"], papers.get(change["at"], ""), change_text(trend, change), seen])
    if rows:
        page.heading("Trends")
        page.table(["trend", "at", "paper", "ours", "seen"], rows)


def add_warnings(page, results):
    if results["runs_finished"] < results["runs"]:
        page.paragraph(f"Not complete: {results['runs_finished']} of {results['runs']} runs are finished.", "warning")
    failures = [f"{run['run']}: {run['failure']}" for entry in results["results"] for run in entry["runs"] if run["failure"]]
    if failures:
        page.paragraph("Failed: " + ", ".join(failures), "warning")
    if results["changes"]:
        page.paragraph(
            "Shortened or changed, so these figures are not a reproduction. Unlike the experiment: "
            + ", ".join(results["changes"]),
            "warning",
        )
    if not results["compares"]:
        page.paragraph(
            f"Scaled down (budget {results['budget']}): to be compared with the paper's trends, not with its numbers. "
            + results["note"],
            "warning",
        )
    elif results["note"]:
        page.paragraph(results["note"])


def add_figures(page, results, names):
    """Every figure in a table."""
    compared = {
        quantity["name"]: results["compares"]
        and any(entry["values"][quantity["name"]].get("published") is not None for entry in results["results"])
        for quantity in results["quantities"]
    }
    head = list(names)
    for quantity in results["quantities"]:
        head += [quantity["label"] + ", published", "ours", "difference"] if compared[quantity["name"]] else [quantity["label"]]
    rows = []
    for entry in results["results"]:
        row = [entry[name] for name in names]
        for quantity in results["quantities"]:
            value = entry["values"][quantity["name"]]
            seeds = [number(seed) for seed in value["runs"] if seed is not None]
            ours = number(value["mean"]) + (f" ({', '.join(seeds)})" if len(seeds) > 1 else "")
            if compared[quantity["name"]]:
                row += [number(value["published"]), ours, number(value["difference"], "+.4f")]
            else:
                row.append(ours)
        rows.append(row)
    page.heading("Figures")
    page.table(head, rows, group=0 if len(names) > 1 else None)
    page.paragraph("The mean of the seeds, and in brackets each of them; results.csv has all numbers.")


def report_table(directory):
    results = read_json(directory / "results.json")
    with as_written_by("reproduce", directory / "results.json"):
        values = {axis["name"]: axis["values"] for axis in results["axes"]}
        layout = Layout(results, values)
        drawn = [quantity for quantity in results["quantities"] if not quantity["name"].endswith("_knn")]
        page = Page(directory, results["title"])
        page.paragraph(results["figure"])
        page.paragraph(results["shows"])
        add_warnings(page, results)
        dashed = " Dashed: published." if results["compares"] and results["published"]["values"] else ""
        page.figure(
            quantities_figure(layout, results["results"], drawn, ours=True),
            "results",
            f"Our mean over the seeds against {layout.x}; ticks are single runs.{dashed}",
        )
        published = results["published"]["values"]
        if published and not results["compares"]:
            names = list(values)
            of_paper = {name: list(dict.fromkeys(entry[name] for entry in published)) for name in names}
            known = [quantity for quantity in drawn if quantity["name"] in published[0]["values"]]
            page.figure(
                quantities_figure(Layout(results, of_paper), published, known, ours=False),
                "published",
                "The paper's figures, of its own setting.",
            )
        add_trends(page, results["trends"])
        add_figures(page, results, list(values))
        curves = curves_figure(directory, layout, results["results"])
        if curves:
            page.heading("Learning curves")
            page.figure(
                curves,
                "curves",
                "Every run: the online probe on the batches it trains on, and the loss. "
                "Strong lines: seed 1, faint ones: the others.",
            )
        page.heading("Protocol")
        source = results["published"]["source"]
        page.paragraph((f"Published: {source}. " if source else "") + (results["protocol"] or ""))
        page.code(" ".join(results["environment"]["argv"]))
        page.paragraph(
            f"Version {results['environment']['version']} ({results['environment']['git']['sha'][:12]}), "
            f"{results['environment']['cpu']['model']}, {results['environment']['threads']} threads"
        )
    page.write()
