"""Data sets that have a name of their own here, and how to download them from their makers."""

from typing import NamedTuple
from urllib.parse import urlsplit

from fetching.downloads import SILENCE, bring, plain_network_errors, tidy
from utils import UserError, named, shown


class Archive(NamedTuple):
    """A zip or tar.gz archive."""

    address: str
    checksum: str | None = None  # as published: "<kind>:<digits>", with a kind that hashlib knows


class Source(NamedTuple):
    """A data set and where it comes from."""

    folder: str  # its folder in data/
    holds: tuple[str, ...]  # the folders inside
    site: str  # the page where its makers describe it and its terms
    archives: tuple[Archive, ...] = ()  # none: the user must download it by hand, from that page


SETS = {
    # The sums are torchvision's (datasets/oxford_iiit_pet.py); www.robots.ox.ac.uk and thor have the same files.
    "oxford-iiit-pet": Source(
        folder="oxford-iiit-pet",
        holds=("images", "annotations"),
        site="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        archives=(
            Archive("https://thor.robots.ox.ac.uk/datasets/pets/images.tar.gz", "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c"),
            Archive(
                "https://thor.robots.ox.ac.uk/datasets/pets/annotations.tar.gz", "md5:95a8c909bbe2e81eed6a22bccdf3f68f"
            ),
        ),
    ),
    # The sum is GluonCV's (scripts/datasets/ade20k.py).
    "ade20k": Source(
        folder="ADEChallengeData2016",
        holds=("images", "annotations"),
        site="http://sceneparsing.csail.mit.edu/",
        archives=(
            Archive(
                "http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip",
                "sha1:219e1696abb36c8ba3a3afe7fb2f4b4606a897c7",
            ),
        ),
    ),
    # HELEN*, with hair and skin labelled again. Its makers publish no address that a program could download from.
    "helen": Source(
        folder="helenstar_release",
        holds=("train", "test"),
        site="https://github.com/JPlin/Relabeled-HELEN-Dataset",
    ),
}

ENDINGS = (".zip", ".tar.gz", ".tgz")  # of an archive that the user downloaded by hand


def get(dataset, work):
    """Download the archives of a known data set into `work`, or find the user's beside it. Returns the files."""
    source = SETS[dataset]
    if not source.archives:
        tidy(work)  # a killed run may have left what it unpacked
        return [find_by_hand(dataset, work.parent)]
    host = urlsplit(source.archives[0].address).hostname
    option = f"--dataset={dataset}"
    gone = {status: f"{option} is no longer at {host} ({status}); see {source.site}" for status in (403, 404, 410)}
    with plain_network_errors(option, host, gone):
        answers = {archive.address: ask(archive.address) for archive in source.archives}
        return bring(answers, work, dataset, dict(source.archives))


def ask(address):
    """The first answer of an archive's server, which tells its length and version."""
    import requests

    # Without transfer compression, so that the length is that of the file. GET instead of HEAD, because `stream`
    # repeats this request for the content.
    unpacked = {"Accept-Encoding": "identity"}
    with requests.get(address, headers=unpacked, stream=True, timeout=SILENCE) as answer:
        answer.raise_for_status()
    return answer


def find_by_hand(dataset, folder):
    """The archive that the user put into a folder, of a data set that must be downloaded by hand."""
    source = SETS[dataset]
    for name in (source.folder + ending for ending in ENDINGS):
        if (folder / name).is_file():
            return folder / name
    raise UserError(
        f"--dataset={dataset} must be downloaded by hand: get it at {source.site}, put it into {shown(folder)} as "
        f"{source.folder} or packed ({', '.join(ENDINGS)}), and run again"
    )


def is_there_by_hand(dataset, folder):
    """Whether the user already unpacked a data set that must be downloaded by hand."""
    source = SETS.get(dataset)
    return bool(source) and not source.archives and not lacking(folder / source.folder, source)


def find_content(unpacked, dataset):
    """The folder of a known data set among the unpacked files: the one with its name, or the top if that fits."""
    source = SETS[dataset]
    own = unpacked / source.folder
    content = own if own.is_dir() else unpacked
    if missing := lacking(content, source):
        raise UserError(
            f"--dataset={dataset} has changed: its archives lack the folders {named(missing)}; see {source.site}"
        )
    return content


def lacking(folder, source):
    """The names of the folders that a data set should have and lacks."""
    return [name for name in source.holds if not (folder / name).is_dir()]
