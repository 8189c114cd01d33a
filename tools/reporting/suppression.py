"""The reports of `suppress`: what each arm's network carries over its training, and what finished runs of a table do."""

import re

from matplotlib import pyplot as plt

from reporting.page import COLORS, MARKERS, Page, as_written_by, number, read_json

FEATURE_ARMS = ("clean", "planted", "control")


def values(curve, *keys):
    """The steps at which a number is there, and the numbers: values(curve, "embeddings", "rank")."""
    steps, found = [], []
    for point in curve:
        value = point
        for key in keys:
            value = value.get(key) if value is not None else None
        if value is not None:
            steps.append(point["step"])
            found.append(value)
    return steps, found


def draw_line(axes, arm, color, marker, *keys, style="-"):
    steps, found = values(arm["curve"], *keys)
    if steps:
        axes.plot(steps, found, style, color=color, marker=marker, markersize=3.5, linewidth=1.6, label=arm["name"])


def draw_loss(axes, arm, color, marker, style):
    """The loss at every look, or of a finished run at every twentieth of the training: looks are fewer then."""
    if "losses" not in arm:
        draw_line(axes, arm, color, marker, "loss", style=style)
    elif arm["losses"]:
        axes.plot(*zip(*arm["losses"]), style, color=color, marker=marker, markersize=2.5, linewidth=1.6, label=arm["name"])


def draw_online(axes, arm, color, probe):
    """The accuracy of a probe that trained beside a finished run, on test images or else on its batches."""
    curves = arm.get("online", {}).get(probe, {})
    curve = curves.get("test", [])
    if len(curve) < 3:
        curve = curves.get("train", curve)
    if curve:
        axes.plot(*zip(*curve), ":", color=color, linewidth=1.2)


def suppression_figure(results):
    """Six panels over the steps: labels, planted feature, loss; cosines of the planted arm and the control; ranks."""
    arms, planted, labels = results["arms"], results["planted_label_set"], results["labels"]
    figure, panels = plt.subplots(2, 3, figsize=(12.5, 7), sharex=True)
    looks = [(COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]) for i in range(len(arms))]
    arms, looks = zip(*((arm, look) for arm, look in zip(arms, looks) if arm["runs"]))
    for arm, (color, marker) in zip(arms, looks):
        style = "-" if arm["name"] in FEATURE_ARMS else "--"
        if labels:
            draw_line(panels[0][0], arm, color, marker, "readings", labels, "accuracy", style=style)
        if labels or not arm["curve"]:  # else the first probe is on the planted feature
            draw_online(panels[0][0], arm, color, "probe_acc")
        draw_online(panels[0][1], arm, color, f"probe_{planted}_acc")
        draw_line(panels[0][1], arm, color, marker, "readings", planted, "accuracy", style=style)
        draw_loss(panels[0][2], arm, color, marker, style)
        draw_line(panels[1][0], arm, color, marker, "embeddings", "same_value", style=style)
        draw_line(panels[1][1], arm, color, marker, "embeddings", "same_image", style=style)
        draw_line(panels[1][2], arm, color, marker, "embeddings", "rank", style=style)
    for axes, title in (
        (panels[0][0], f"accuracy of {labels}" if labels else "no labels"),
        (panels[0][1], f"accuracy of {planted} (planted)"),
        (panels[0][2], "training loss"),
        (panels[1][0], "cosine: other images, same planted value"),
        (panels[1][1], "cosine: same image, other value"),
        (panels[1][2], "effective rank of the embeddings"),
    ):
        axes.set_title(title, fontsize=10)
        axes.set_xlim(0, None)
    for axes in (*panels[0][:2],):
        axes.set_ylim(0, 1.02)
    for axes in (*panels[1][:2],):
        axes.set_ylim(-0.3, 1.02)
    for axes in panels[1]:
        axes.set_xlabel("step")
    handles = [
        plt.Line2D(
            [],
            [],
            color=color,
            marker=marker,
            markersize=4,
            linestyle="-" if arm["name"] in FEATURE_ARMS else "--",
            label=arm["name"],
        )
        for arm, (color, marker) in zip(arms, looks)
    ]
    figure.legend(handles=handles, loc="upper center", ncol=len(arms), bbox_to_anchor=(0.5, 0))
    figure.tight_layout()
    return figure


def at_end(arm, sets):
    """A row of the table: what an arm's network carries at its last observation."""
    if not arm["curve"]:
        return [arm["name"]] + [""] * (len(sets) + 6)
    last = arm["curve"][-1]
    readings, embeddings = last["readings"], last["embeddings"]
    return [
        arm["name"],
        last["step"],
        *(number(readings[name]["accuracy"]) if name in readings else "" for name in sets),
        number(last["loss"]),
        number(embeddings["same_value"]),
        number(embeddings["same_image"]),
        number(last["features"]["rank"], ".1f"),
        number(embeddings["rank"], ".1f"),
    ]


def draw(directory, results):
    """Writes report.html."""
    page = Page(directory, f"Suppression report: {results['plant']}")
    page.paragraph(f"Planted in {results['images']}.")
    if results["runs_finished"] < results["runs"]:
        page.paragraph(f"Not complete: {results['runs_finished']} of {results['runs']} runs are finished.", "warning")
    failures = [f"{run['run']}: {run['failure']}" for arm in results["arms"] for run in arm["runs"] if run["failure"]]
    if failures:
        page.paragraph("Failed: " + ", ".join(failures), "warning")
    verdict = results["verdict"]
    if verdict:
        page.heading(verdict["conclusion"])
        page.paragraph(verdict["text"])
    else:
        page.paragraph("No verdict yet: each of the three arms needs a finished run.", "warning")
    if any(arm["curve"] for arm in results["arms"]):
        page.figure(
            suppression_figure(results),
            "suppression",
            "What each arm's network carries over its training. Clean: without the feature; planted: shared by an image's "
            "views; control: drawn for every view; dashed: remedies on the planted arm.",
        )
    head = ["arm", "step", *results["label_sets"], "loss", "cosine, same value", "cosine, same image"]
    page.table([*head, "rank of features", "rank of embeddings"], [at_end(arm, results["label_sets"]) for arm in results["arms"]])
    for name, from_step in results["loss_below_clean_from"].items():
        told = "is not below it at the end" if from_step is None else f"stays below it from step {from_step}"
        page.paragraph(f"Loss of the {name} arm against the clean one: {told}.")
    if results["remedies"]:
        page.heading("Remedies, on the planted arm")
        page.table(
            ["remedy", "settings", "regained", "labels", "planted", "cosine, same value", "cosine, same image"],
            [
                [
                    remedy["name"],
                    ", ".join(remedy["settings"]),
                    *(number(remedy[key]) for key in ("regained", "labels", "planted", "same_value", "same_image")),
                ]
                for remedy in results["remedies"]
            ],
        )
        page.paragraph("Regained: the share of the accuracy between the planted arm (0) and the clean one (1).")
    page.heading("How it was measured")
    settings = results["settings"]
    page.paragraph(
        f"{settings['steps']} steps of {settings['batch_size']} images, observed every {settings['every']}; probes by ridge "
        f"regression on at most {settings['probe_images']} images. report.md has definitions and thresholds."
    )
    environment = results["environment"]
    page.code(" ".join(environment["argv"]))
    page.paragraph(
        f"Version {environment['version']} ({environment['git']['sha'][:12]}), {environment['cpu']['model']}, "
        f"{environment['threads']} threads"
    )
    page.write()


def arm_of(row, name):
    return next(arm for arm in row["arms"] if arm["name"] == name)


def accuracy_at_end(row, arm, label_set):
    """Of the last look; None if there is none."""
    curve = arm_of(row, arm)["curve"]
    reading = curve[-1]["readings"].get(label_set) if curve else None
    return reading["accuracy"] if reading else None


def title_of(row):
    return ", ".join([row["plant"], *(f"{key} = {value}" for key, value in row["settings"].items())])


def strength_of(row):
    """The last number of the planted feature: bits=10, or unique=16 digits; None if it has none."""
    numbers = re.findall(r"=(\d+)(?!\S*[/:])", row["plant"])
    return int(numbers[-1]) if numbers else None


def strengths_figure(rows):
    """Accuracies at the end against the strength of the planted feature, a line for each setting. None for one strength."""
    lines = {}
    for row in (row for row in rows if arm_of(row, "planted")["curve"]):
        lines.setdefault(", ".join(f"{key} = {value}" for key, value in row["settings"].items()), []).append(row)
    if not any(len({strength_of(row) for row in line} - {None}) > 1 for line in lines.values()):
        return None
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharex=True)
    for i, (name, line) in enumerate(lines.items()):
        color, marker = COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]
        for axes, own in ((panels[0], True), (panels[1], False)):
            points = [
                (strength_of(row), accuracy_at_end(row, "planted", row["labels"] if own else row["planted_label_set"]))
                for row in line
            ]
            clean = accuracy_at_end(line[0], "clean", line[0]["labels"])
            if own and clean is not None:
                points.insert(0, (0, clean))
            points = sorted(point for point in points if None not in point)
            if points:
                axes.plot(*zip(*points), color=color, marker=marker, markersize=4, linewidth=1.6, label=name or "planted runs")
    for axes, title in ((panels[0], "accuracy of the images' own labels (0: clean)"), (panels[1], "accuracy of what is planted")):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("strength of the planted feature")
        axes.set_ylim(0, 1.02)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="upper center", ncol=2, bbox_to_anchor=(0.5, 0))
    figure.tight_layout()
    return figure


def verdict_of(row):
    if row["verdict"] is None:
        return "no weights to look at"
    if row["verdict"]["kind"] is not None:
        return row["verdict"]["kind"]
    return "lost, no control" if arm_of(row, "clean")["runs"] else "no clean run"


def draw_row(page, row, name):
    page.heading(title_of(row))
    verdict = row["verdict"]
    if verdict:
        page.paragraph(f"{verdict['conclusion']} {verdict['text']}")
    if row["recorded"]:
        page.paragraph(row["recorded"])
    page.figure(
        suppression_figure(row),
        name,
        "Clean: without the feature; planted: shared by an image's views; control: drawn for every view. Markers: looks at the "
        "networks' weights; dotted: the probe that trained beside them; losses are means.",
    )
    head = ["arm", "step", *row["label_sets"], "loss", "cosine, same value", "cosine, same image"]
    arms = [arm for arm in row["arms"] if arm["runs"]]
    page.table([*head, "rank of features", "rank of embeddings"], [at_end(arm, row["label_sets"]) for arm in arms])
    for arm, from_step in row["loss_below_clean_from"].items():
        if not arm_of(row, arm)["runs"] or not arm_of(row, "clean")["runs"]:
            continue
        told = "is not below it at the end" if from_step is None else f"stays below it from step {from_step}"
        page.paragraph(f"Loss of the {arm} arm against the clean one: {told}.")
    for sentence in row["open"]:
        page.paragraph(sentence, "warning")
    for arm in arms:
        for run in arm["runs"]:
            page.paragraph(f"{arm['name']}: {run['run']}" + (f", {run['looked_at']}" if run["looked_at"] else ""))


def draw_table(directory, results):
    """Writes report.html."""
    page = Page(directory, f"Suppression in the runs of {results['table']}")
    rows = results["rows"]
    keys = list(dict.fromkeys(key for row in rows for key in row["settings"]))
    page.table(
        [*keys, "planted", "verdict", "labels: clean", "planted", "control", "feature: planted", "control"],
        [
            [
                *(row["settings"].get(key, "") for key in keys),
                row["plant"],
                verdict_of(row),
                *(number(accuracy_at_end(row, arm, row["labels"])) for arm in FEATURE_ARMS),
                *(number(accuracy_at_end(row, arm, row["planted_label_set"])) for arm in FEATURE_ARMS[1:]),
            ]
            for row in rows
        ],
    )
    strengths = strengths_figure(rows)
    if strengths:
        page.figure(strengths, "strengths", "What is left of the labels, and what is read of the feature, by its strength.")
    for i, row in enumerate(rows):
        draw_row(page, row, f"row{i + 1}")
    if results["left_out"]:
        page.heading("Left out")
        for sentence in results["left_out"]:
            page.paragraph(sentence, "warning")
    page.heading("How it was measured")
    page.paragraph(
        f"Nothing was trained. Probes by ridge regression on at most {results['probe_images']} images. report.md has definitions "
        "and thresholds."
    )
    page.code(" ".join(results["environment"]["argv"]))
    page.write()


def report_finished_table(directory):
    path = directory / "suppression.json"
    results = read_json(path)
    with as_written_by("suppress --table", path):
        draw_table(directory, results)


def report_suppression(directory):
    path = directory / "suppress.json"
    results = read_json(path)
    with as_written_by("suppress", path):
        draw(directory, results)
