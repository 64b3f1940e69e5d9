"""The curves of training runs as a picture."""

from matplotlib.figure import Figure

from files.whole import read_json, whole_file
from utils import UserError, shown

MOST_STATE = 100_000_000  # bytes of run.json: a thousand for each of 100,000 epochs


def compare_runs(models, target):
    """Draw the curves of several runs in one PNG. models: the files of their networks, or the folders of the runs."""
    histories = {}
    for model in models:
        state = model.with_suffix(".run") / "run.json"
        try:
            histories[model.stem] = read_json(state, MOST_STATE)["history"]
            if not is_log(histories[model.stem], {"loss"}):
                raise ValueError
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            raise UserError(f"--curves={shown(model)}: there is no run in {shown(state.parent)}; name others") from None
        if not histories[model.stem]:
            raise UserError(f"--curves={shown(model)} has finished no epoch yet; wait, or name others")
    columns = [set(history[-1]) for history in histories.values()]
    measure = next((name for name in ("iou", "likeness") if all(name in names for names in columns)), None)
    if measure is None:
        raise UserError(f"--curves={shown(','.join(histories))}: they have no score in common; name runs of one script")
    draw_curves(target, histories, measure)
    print(f"wrote {shown(target)}")


def draw_curves(target, histories, measure):
    """Draw loss and score of runs, {name: history}, over the epochs as a PNG: training dashed, held back solid."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, score in zip(figure.subplots(1, 2), ("loss", measure), strict=True):
        for number, (run, history) in enumerate(histories.items()):
            epochs = [row["epoch"] for row in history]
            for name, label, dashes in ((score, "training", "--"), (f"val_{score}", "held back", "-")):
                if name in history[-1]:
                    label = f"{run}, {label}" if run else label
                    axes.plot(epochs, [row[name] for row in history], dashes, color=f"C{number}", label=label)
        axes.set(xlabel="epoch", title={"iou": "IoU"}.get(score, score))
        axes.grid(alpha=0.3)
        axes.legend()
    with whole_file(target) as temporary:
        figure.savefig(temporary, dpi=110)


def is_log(history, needed):
    """Whether a history lists epochs in order, each with the numbers needed."""
    values = [value for row in history for value in row.values()]
    numbers = all(type(value) is float or (type(value) is int and abs(value) < 2**53) for value in values)
    return numbers and all(row["epoch"] == place and needed <= set(row) for place, row in enumerate(history, 1))
