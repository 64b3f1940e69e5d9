import numpy as np
import pytest
from PIL import Image

from segmentation.agreement import Grid, agree


def halves(width=60, height=40, left=(200, 40, 40), right=(40, 40, 200)):
    """A picture of two colours."""
    picture = Image.new("RGB", (width, height), right)
    picture.paste(left, (0, 0, width // 2, height))
    return picture


def test_the_figure_ends_where_the_colour_does():
    scores = np.full((40, 60), -5.0, np.float32)
    scores[:, :27] = 5
    scores[:, 27:34] = 0.5  # in doubt, on both sides of the border of the colours at 30
    found = agree(scores, halves())
    assert (found[:, :30] > 0).all() and (found[:, 31:] < 0).all()


def test_a_hole_and_an_island_of_doubt_disappear():
    scores = np.full((40, 60), -5.0, np.float32)
    scores[:, :30] = 5
    scores[18:21, 12:15], scores[18:21, 42:45] = -0.5, 0.5
    found = agree(scores, halves())
    assert (found[:, :30] > 0).all() and (found[:, 30:] < 0).all()


def test_certainty_stands_against_the_neighbours():
    scores = np.full((40, 60), -8.0, np.float32)
    scores[10:30, 20:40] = 8
    found = agree(scores, Image.new("RGB", (60, 40), "grey"))
    assert ((found > 0) == (scores > 0)).all()


@pytest.mark.parametrize("level", [-3, 3])
def test_where_there_is_no_edge_nothing_changes(level):
    scores = np.full((7, 5), level, np.float32)
    assert (agree(scores, Image.effect_noise((5, 7), 90).convert("RGB")) == scores).all()


def test_pixels_far_from_the_figure_stay_as_they_are():
    scores = np.full((400, 400), -6.0, np.float32)
    scores[:20, :20] = 3
    found = agree(scores, Image.new("RGB", (400, 400), "grey"))
    assert (found[200:] == -6).all() and (found[:20, :20] != 3).any()


def test_the_callers_scores_are_not_changed():
    scores = np.linspace(-3, 3, 60 * 40, dtype=np.float32).reshape(40, 60)
    before = scores.copy()
    agree(scores, halves())
    assert (scores == before).all()


def test_the_mean_is_over_like_pixels_only():
    colours = np.asarray(halves().convert("YCbCr"), np.float32)
    values = np.zeros((40, 60), np.float32)
    values[:, :30] = 1
    mean = Grid(colours, 10, 0.0).mean(values)
    assert np.allclose(mean, values)  # however near they are, the two colours do not mix
    assert np.allclose(Grid(colours, 10, 0.5).mean(np.full((40, 60), 0.3, np.float32)), 0.3)


def test_the_mean_by_hand():
    """Three cells of one pixel each in a row of one colour: 1/4, 1/2, 1/4, cut at the ends."""
    colours = np.full((1, 3, 3), 128, np.float32)
    mean = Grid(colours, 1, 0.0).mean(np.float32([[0, 1, 0]]))
    assert np.allclose(mean, [[1 / 3, 1 / 2, 1 / 3]])


def test_a_photo_of_many_colours_takes_no_more_cells_than_allowed(monkeypatch):
    made = []

    class Counted(Grid):
        def __init__(self, *about):
            super().__init__(*about)
            made.append(np.prod(self.shape))

    monkeypatch.setattr("segmentation.agreement.Grid", Counted)
    monkeypatch.setattr("segmentation.agreement.MOST_CELLS", 20_000)
    noise = Image.merge("RGB", [Image.effect_noise((90, 60), 120) for _ in range(3)])
    scores = np.full((60, 90), -2.0, np.float32)
    scores[20:30, 20:30] = 2
    found = agree(scores, noise)
    assert found.shape == scores.shape and np.isfinite(found).all()
    assert max(made) < 5 * 20_000  # cells at the borders come on top; without the limit there are millions
