"""How a painting went: what its record says, and the line on the terminal."""

from networks.hardware import versions
from utils import shown


def outcome_of(painting, precision, seconds):
    """The part of the record of a `Painting` that says how it went."""
    return {
        "precision": precision,
        "steps": painting.steps,
        **{part: round(score, 4) for part, score in painting.scores.items()},
        "seconds": round(seconds, 1),
        "troubles": painting.troubles,
        "stopped": painting.stopped,
        "versions": versions(),
    }


def say_outcome(source, painting, options, seconds):
    """Print a line on how the `Painting` of a photo went."""
    name = shown(source.name)
    for trouble in painting.troubles:
        print(f"{name}: {trouble}")
    if options.network == "instant":
        print(f"{name}: painted in {seconds:.1f} s")
    elif not painting.stopped:
        scores = ", ".join(f"{part} {score:.3f}" for part, score in painting.scores.items())
        why = "J stopped falling" if painting.steps < painting.planned else "more would hardly show"
        early = f"; {why}" if painting.steps < options.epochs else ""
        print(f"{name}: {scores} after {painting.steps} of {options.epochs} steps ({seconds:.0f} s{early})")
