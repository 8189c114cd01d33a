"""The report of `suppress`: what each arm's network carries over its training."""

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


def suppression_figure(results):
    """Six panels over the steps: labels, planted feature, loss; cosines of the planted arm and the control; ranks."""
    arms, planted, labels = results["arms"], results["planted_label_set"], results["labels"]
    figure, panels = plt.subplots(2, 3, figsize=(12.5, 7), sharex=True)
    looks = [(COLORS[i % len(COLORS)], MARKERS[i % len(MARKERS)]) for i in range(len(arms))]
    for arm, (color, marker) in zip(arms, looks):
        style = "-" if arm["name"] in FEATURE_ARMS else "--"
        if labels:
            draw_line(panels[0][0], arm, color, marker, "readings", labels, "accuracy", style=style)
        draw_line(panels[0][1], arm, color, marker, "readings", planted, "accuracy", style=style)
        draw_line(panels[0][2], arm, color, marker, "loss", style=style)
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


def report_suppression(directory):
    path = directory / "suppress.json"
    results = read_json(path)
    with as_written_by("suppress", path):
        draw(directory, results)
