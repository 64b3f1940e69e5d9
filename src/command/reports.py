"""Say how a run over many pictures ended."""

from utils import UserError, named


def say_done(done, many):
    """Say how many of the results already exist."""
    if done:
        print(f"{done} of {many} are done already; --force makes them again")


def report(targets, failed):
    """Print which results were written and which pictures failed.

    targets: {picture: its result, or a list of them}; failed: {picture: its error}. Raises an error that counts those.
    """
    results = [target for picture, target in targets.items() if picture not in failed]
    done = [file for each in results for file in (each if isinstance(each, list) else [each])]
    if len(targets) == 1 and failed:
        raise next(iter(failed.values()))
    if done:
        print(f"wrote {named(done, 3)}")
    for error in failed.values():
        print(f"failed: {error}")
    if failed:
        names = named([picture.name for picture in failed], 3)
        raise UserError(f"{len(failed)} of {len(targets)} pictures failed: {names}; the other {len(results)} are done")
