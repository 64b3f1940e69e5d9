"""Draw the curves of several runs in one figure."""

import pytest
from matplotlib.figure import Figure
from PIL import Image

from files.whole import write_json
from networks.curves import compare_runs
from networks.runs import Run
from utils import UserError


def a_run(folder, name, **scores):
    """A run of two epochs on disk, as training leaves it; returns its network's file, which need not be there."""
    (folder / f"{name}.run").mkdir()
    history = [{"epoch": epoch, "loss": 1 / epoch, **scores} for epoch in (1, 2)]
    write_json(folder / f"{name}.run" / "run.json", {"history": history})
    return folder / f"{name}.keras"


def test_runs_are_drawn_together(tmp_path, monkeypatch):
    drawn = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **b: drawn.append(figure) or save(figure, *a, **b))
    models = [a_run(tmp_path, "a", iou=0.4, val_iou=0.3, val_loss=2), a_run(tmp_path, "b", iou=0.6)]
    compare_runs([models[0], models[1].with_suffix(".run")], tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as image:
        assert image.width > 500
    loss, score = drawn[0].axes
    told = [(line.get_label(), line.get_linestyle(), line.get_color(), list(line.get_ydata())) for line in score.lines]
    assert told == [
        ("a, training", "--", "C0", [0.4, 0.4]),
        ("a, held back", "-", "C0", [0.3, 0.3]),
        ("b, training", "--", "C1", [0.6, 0.6]),
    ]
    assert [line.get_label() for line in loss.lines] == [label for label, *_ in told]


def test_runs_that_cannot_be_compared_are_named(tmp_path):
    one, other = a_run(tmp_path, "a", iou=0.4), a_run(tmp_path, "b", likeness=0.4)
    write_json(a_run(tmp_path, "c").with_suffix(".run") / "run.json", {"history": []})
    for models, said in (
        ([one, other], "no score in common"),
        ([one, tmp_path / "none.keras"], r"none\.keras: there is no run in"),
        ([tmp_path / "c.keras"], "has finished no epoch"),
    ):
        with pytest.raises(UserError, match=f"--curves=.*{said}"):
            compare_runs(models, tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()


GOOD = {"options": {}, "fingerprint": "", "finished": True, "weights": "w", "best": "b"}
ROW = {"epoch": 1, "loss": 1.0, "iou": 0.5, "learning_rate": 0.1, "seconds": 1.0}
DAMAGED = [
    GOOD | {"history": [ROW | {"loss": 10**400}]},
    [],
    3,
    {},
    GOOD,
    GOOD | {"history": 3},
    GOOD | {"history": [3]},
    GOOD | {"history": [ROW | {"iou": "high"}]},
    GOOD | {"history": [ROW | {"loss": None}]},
    GOOD | {"history": [ROW], "options": []},
    GOOD | {"history": [ROW], "weights": "../../w"},
]


@pytest.mark.parametrize("told", DAMAGED, ids=range(len(DAMAGED)))
def test_a_run_that_no_run_wrote_is_not_gone_on_with(tmp_path, told):
    write_json(a_run(tmp_path, "a").with_suffix(".run") / "run.json", told)
    with pytest.raises(UserError, match=r"run\.json cannot be read; delete that folder to start over"):
        Run(tmp_path / "a.keras", {"resume": True}, "", "iou")


@pytest.mark.parametrize("told", DAMAGED[:9], ids=range(9))
def test_a_damaged_run_has_no_curves(tmp_path, told):
    model = a_run(tmp_path, "a")
    write_json(model.with_suffix(".run") / "run.json", told)
    with pytest.raises(UserError, match=r"--curves=.*a\.keras: there is no run in"):
        compare_runs([model], tmp_path / "curves.png")
    assert not (tmp_path / "curves.png").exists()
