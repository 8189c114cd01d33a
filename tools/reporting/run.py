"""The report of one run of `pretrain`, with its evaluations."""

import os

from matplotlib import pyplot as plt

from reporting.page import COLORS, BadDirectory, Page, as_written_by, dots, number, read_json, read_metrics, series

# What a run draws that has no scalars.json: versions before it left none.
EARLIER_SCALARS = [
    {"name": "loss", "axis": "loss (nats)", "headline": True},
    {"name": "probe_acc", "axis": "accuracy (fraction correct)", "min": 0, "max": 1},
    {"name": "lr", "axis": "learning rate", "min": 0},
    {"name": "images_per_s", "axis": "images/s", "min": 0},
]


def read_scalars(run):
    """What the scalars of metrics.jsonl are: names, axes, and which are headlines."""
    path = run / "scalars.json"
    if not path.exists():
        return EARLIER_SCALARS
    scalars = read_json(path)
    with as_written_by("pretrain", path):
        for scalar in scalars:
            scalar["name"] + scalar["axis"]  # both are text
            [scalar[end] + 0 for end in ("min", "max") if end in scalar]  # numbers
        return scalars


def run_figure(records, scalars):
    """A plot for each axis, over the steps, with all scalars that have it: of training, and dashed of evaluations."""
    axes_of = {}
    for scalar in scalars:
        if scalar["axis"]:
            axes_of.setdefault(scalar["axis"], []).append(scalar)
    rows = -(-len(axes_of) // 2)
    figure, plots = plt.subplots(rows, 2, figsize=(9.5, 3 * rows), sharex=True, squeeze=False)
    for plot, (axis, drawn) in zip(plots.flat, axes_of.items()):
        lines = 0
        for scalar in drawn:
            for phase, line, whose in (("train", "-", ""), ("eval", "--", ", test images")):
                steps, values = series(records[phase], scalar["name"])
                if not steps:
                    continue
                marker = dots(records[phase]) if phase == "train" else "o"
                color = COLORS[lines % len(COLORS)]
                plot.plot(steps, values, line, color=color, marker=marker, label=scalar["name"] + whose)
                lines += 1
        plot.set(ylabel=axis, xlim=(0, None))
        low, high = (next((scalar[end] for scalar in drawn if end in scalar), None) for end in ("min", "max"))
        if low is not None and high is None:
            high = low + (1.08 * (plot.dataLim.y1 - low) if plot.dataLim.y1 > low else 1)
        plot.set_ylim(low, high)
        plot.ticklabel_format(axis="y", style="sci", scilimits=(-2, 5))
        if lines > 1:
            plot.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncol=2, fontsize=8)
    for plot in plots.flat[len(axes_of) :]:
        plot.set_visible(False)
    for column in plots.T:
        last = [plot for plot in column if plot.get_visible()][-1]
        last.set_xlabel("step")
        last.tick_params(labelbottom=True)
    figure.tight_layout()
    return figure


def grid_figure(lineval):
    figure, axes = plt.subplots(figsize=(6, 3.6))
    grid = [point for point in lineval["grid"] if point["test"] is not None]  # null: the classifier diverged
    rates = [point["learning_rate"] for point in grid]
    axes.semilogx(rates, [point["holdout"] for point in grid], "--s", color=COLORS[0], label="held-out training images")
    axes.semilogx(rates, [point["test"] for point in grid], "-o", color=COLORS[1], label="test images")
    axes.axvline(lineval["learning_rate"], color="#888888", linewidth=1, linestyle=":", label="chosen")
    axes.set(xlabel="learning rate (times batch size / 256)", ylabel="accuracy (fraction correct)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1))
    return figure


def lineval_rows(what, lineval):
    """Every figure for the same labels, by name: trained by lineval, on standardised features, trained beside the encoder."""
    rows = [[f"{what}, top-1", number(lineval["top1"])]]
    for key, name in (("top1_standardized", "standardised features"), ("online_top1", "the run's online probe")):
        if key in lineval:
            rows.append([f"{what}, top-1, {name}", number(lineval[key])])
    return rows


def report_run(directory):
    records = read_metrics(directory)
    page = Page(directory, os.fsencode(directory.resolve().name).decode("utf-8", "replace"))
    if not records["train"]:
        raise BadDirectory(f"{directory} has no records of steps in metrics.jsonl yet")
    scalars = read_scalars(directory)
    at_end = "at the end" if (directory / "result.json").exists() else "so far"
    lineval_path, knn_path = directory / "eval" / "lineval.json", directory / "eval" / "knn.json"
    with as_written_by("pretrain", directory / "metrics.jsonl"):
        last = records["train"][-1]
        rows = [["steps", last["step"]], ["epochs", number(last["epoch"], ".2f")]]
        for scalar in scalars:
            if scalar.get("headline"):
                rows.append([scalar["name"], number(last[scalar["name"]])])
        evaluated = records["eval"][-1] if records["eval"] else {}
        for scalar in scalars:
            if scalar["name"] in evaluated:
                rows.append([f"{scalar['name']}, test images", number(evaluated[scalar["name"]])])
        training = run_figure(records, scalars)
    lineval = read_json(lineval_path) if lineval_path.exists() else None
    if lineval is not None:
        with as_written_by("lineval", lineval_path):
            rows += lineval_rows("linear evaluation", lineval)
            grid, protocol = grid_figure(lineval), lineval["protocol"]
            lost = [f"{point['learning_rate']:g}" for point in lineval["grid"] if point["test"] is None]
            diverged = f" Diverged: {', '.join(lost)}." if lost else ""
    if knn_path.exists():
        knn = read_json(knn_path)
        with as_written_by("lineval", knn_path):
            rows.append([f"{knn['k']} nearest neighbours", number(knn["knn"])])
    for path in sorted((directory / "eval").glob("**/lineval.json")):
        if path == lineval_path or path.parent.name.startswith("new."):  # what a killed evaluation left
            continue
        other = read_json(path)
        with as_written_by("lineval", path):
            rows += lineval_rows(
                "linear evaluation of " + ", ".join(other[key] for key in ("tap", "labels") if key in other), other
            )
    page.table(["", at_end], rows)
    page.figure(
        training,
        "training",
        "Training, as metrics.jsonl has it: a point is the mean speed or the newest value since the point before.",
    )
    if lineval is not None:
        page.heading("Linear evaluation")
        page.figure(grid, "lineval", "Linear classifiers on the frozen features, one per learning rate." + diverged)
        page.paragraph(protocol)
    page.heading("Configuration")
    with as_written_by("pretrain", directory / "config.toml"):
        page.code((directory / "config.toml").read_text(encoding="utf-8", errors="replace"))
    page.write()
