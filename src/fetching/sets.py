"""Put a data set into a folder of its own: find it, download it, unpack it, install it, and say what it holds."""

import shutil
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from fetching import sources
from fetching.downloads import install, put_back, refuse_to_overwrite, top_of, unpack, workspace
from fetching.kaggle import from_kaggle
from fetching.sources import SETS
from files.whole import read_json
from utils import PICTURES, ROOT, UserError, shown

DATASET = "nikhilroxtomar/person-segmentation"
FOLDER = "people_segmentation"  # the one folder at the top of that data set's archive


def download_data(dataset=DATASET, file_path=ROOT / "data", force=False):
    """Put a data set into a folder of its own inside `file_path`, whole or not at all. Returns that folder."""
    file_path = Path(file_path)
    work = file_path / f".{dataset.replace('/', '--')}.part"  # hidden, and on the same disk as its final place
    with plain_disk_errors(file_path):
        put_back(work)
        target = find_finished(dataset, file_path)
        if target and not force:
            shutil.rmtree(work, ignore_errors=True)  # left by a run that was killed right after installing the set
            print(f"{target} is complete and stays as it is; --force downloads it again")
        else:
            target = fetch_data(dataset, work, force)
        report(target, dataset)
    return target


def fetch_data(dataset, work, force):
    """Download, unpack and install a data set, using the folder `work`."""
    folders = {DATASET: FOLDER} | {name: source.folder for name, source in SETS.items()}
    if dataset in folders:
        refuse_to_overwrite(work.with_name(folders[dataset]), force)
    get = partial(sources.get, dataset) if dataset in SETS else from_kaggle(dataset)
    with workspace(work):
        for archive in get(work):
            unpack(archive, work / "unpacked", dataset)
        found, name, site = unpacked(dataset, work / "unpacked")
        return install(found, work.with_name(name), work, {"dataset": dataset, "site": site}, force)


def unpacked(dataset, folder):
    """The folder of an unpacked data set, the name it should have, and the site it comes from."""
    if dataset in SETS:
        return sources.find_content(folder, dataset), SETS[dataset].folder, SETS[dataset].site
    return *top_of(folder, dataset.split("/")[1]), "kaggle.com"


@contextmanager
def plain_disk_errors(file_path):
    """Turn disk errors into one line."""
    try:
        yield
    except OSError as error:
        where, why = shown(file_path), error.strerror or type(error).__name__
        raise UserError(f"cannot use --file_path={where}: {why}; free some space or choose another folder") from None


def find_finished(dataset, file_path):
    """The folder where an earlier run, or the user by hand, put this data set, or None."""
    for record in sorted(file_path.glob("*/source.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            if read_json(record)["dataset"] == dataset:
                return record.parent
    return file_path / SETS[dataset].folder if sources.is_there_by_hand(dataset, file_path) else None


def report(target, dataset):
    """Say what a data set holds and what to type next."""
    files = [file.relative_to(target) for file in target.rglob("*") if file.is_file()]
    pictures = [file for file in files if file.suffix.lower() in PICTURES and not file.name.startswith(".")]
    print(f"{target}: {known_content(pictures, dataset) if dataset in SETS else content(pictures, files)}")
    usual = target.resolve() == (ROOT / "data" / FOLDER).resolve()
    place = f'"{target}"' if " " in str(target) else target
    print("next: python src/train.py" + ("" if usual else f" --data={place}"))


def content(pictures, files):
    """Describe what a data set from Kaggle holds."""
    count, masks = (sum(kind in file.parts[:-1] for file in pictures) for kind in ("images", "masks"))
    if count or masks:
        return f"{count} pictures and {masks} masks"
    return f"{len(files)} files, but no pictures in folders images and masks"


def known_content(pictures, dataset):
    """Describe what a known data set holds. Its pictures and labels are all image files."""
    return " and ".join(
        f"{sum(file.parts[0] == folder for file in pictures)} image files in {folder}" for folder in SETS[dataset].holds
    )
