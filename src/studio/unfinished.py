"""Keep the finished scales of a painting beside its result, so that a run goes on there if the last one was killed."""

import json
import zipfile
from contextlib import contextmanager, suppress

import numpy as np

from files.reading import open_file
from files.whole import hidden_beside, whole_file
from style.painting import Painting, Progress
from utils import UserError

UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


class Unfinished(Progress):
    """An unfinished painting in a file: its picture as it is, and what else there is to it as JSON."""

    def __init__(self, target, plan):
        """target: the file of the finished painting; plan: what its record says before the work starts."""
        self.file, self.plan = hidden_beside(target, ".part"), json.loads(json.dumps(plan))

    def load(self):
        """The unfinished `Painting` of the same plan, or None."""
        with suppress(*UNREADABLE), open_file(self.file) as file, np.load(file, allow_pickle=False) as kept:
            about = json.loads(str(kept["about"]))
            if about.pop("plan") == self.plan:
                return Painting(kept["picture"], **about)
        return None

    def save(self, painting):
        """Keep an unfinished `Painting`; without space for it, the work goes on all the same."""
        about = {"plan": self.plan, "scores": painting.scores, "losses": painting.losses}
        about |= {"troubles": painting.troubles, "scales": painting.scales}
        with suppress(UserError), whole_file(self.file) as temporary, open(temporary, "wb") as file:
            np.savez(file, picture=painting.picture, about=json.dumps(about))

    def remove(self):
        with suppress(OSError):
            self.file.unlink()


@contextmanager
def unfinished(target, plan):
    """Yield an `Unfinished`, whose file is gone at the end, however that comes: only a killed run leaves it."""
    progress = Unfinished(target, plan)
    try:
        yield progress
    finally:
        progress.remove()
