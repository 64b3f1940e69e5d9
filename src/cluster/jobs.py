"""Do the same to many photos, here or on the workers of a cluster."""

from pathlib import Path
from typing import NamedTuple

from utils import UserError


class Job(NamedTuple):
    """What is done to one photo. All its results lie beside `target`, and begin with its stem."""

    source: Path
    target: Path
    plan: object  # what its record says
    files: tuple = ()  # other files that it needs, its own mask for example, and those of its results that are done


class Work(NamedTuple):
    """What the workers of a cluster need to know to do jobs."""

    address: str  # of the cluster
    prepare: str  # <module>:<function>; called with the options, it gives a function that does a `Job`
    options: dict
    files: tuple  # that the options name
    folders: tuple = ()  # that the options name, and whose files come with the jobs


def each(do, sources, plan, there=None):
    """Do a job for each source, here or on a cluster: yield (source, whether it was done before, its error or None).

    do: does a `Job`; plan(source): the job, or None if its results exist already; there: a `Work`, or None to do it
    here. On a cluster, the sources come in the order in which they end.
    """
    if there:
        from cluster.pool import each_there

        return each_there(there, sources, plan)
    return _each_here(do, sources, plan)


def _each_here(do, sources, plan):
    for source in sources:
        error = job = None
        try:
            job = plan(source)
            if job:
                do(job)
        except UserError as failure:
            error = failure
        yield source, not (job or error), error
