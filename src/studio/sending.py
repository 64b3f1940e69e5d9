"""What the workers of a cluster get from stylize.py: the options, the files these name, and those of each photo."""

from pathlib import Path

from cluster.jobs import Job, Work
from files.listing import suffixed
from networks.saved import downloaded, record_path
from pictures.provenance import is_done
from segmentation.registry import sent_files
from studio.figure import mask_of
from style.features import WEIGHTS_FILE


def work_of(options, goes_on):
    """The `Work` for a cluster. options: those of stylize.py, with the network settled."""
    weights = options.vgg_weights
    if options.network == "vgg19" and not weights:
        weights = downloaded(WEIGHTS_FILE)  # machines that compute often have no connection to the outside
    sent = vars(options) | {"vgg_weights": weights}
    folders = (options.mask,) if has_mask_for_each(options) else ()
    given = {"options": sent, "goes_on": goes_on}
    return Work(options.cluster, "studio.studio:painter", given, tuple(_shared(options, weights)), folders)


def has_mask_for_each(options):
    """Whether --mask names a folder that holds a mask for each photo."""
    return options.keep != "none" and bool(options.mask) and options.mask.is_dir()


def _shared(options, weights):
    """The files that all photos need."""
    named = [*options.style, options.style_mask, options.init if isinstance(options.init, Path) else None]
    if weights:
        named += [weights, *filter(Path.is_file, [record_path(weights)])]
    if options.keep != "none" and options.mask:
        named += [] if options.mask.is_dir() else [options.mask]
    elif options.keep != "none":
        named += sent_files(options.model)
    return filter(None, named)


def job_of(options, goes_on, photo, target, plans):
    """The `Job` of a photo, with its own mask, and those of its paintings that are done and take part in a sheet."""
    mask = (mask_of(photo, options.mask),) if has_mask_for_each(options) else ()
    parts = {suffixed(target, word): plan for word, plan in plans.items()}
    return Job(
        photo, target, plans, (*mask, *(part for part, plan in parts.items() if goes_on and is_done(part, plan)))
    )
