"""Data sets that are known by name, downloaded from a server on this machine."""

import hashlib
import os
import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

import download_data
from fetching import downloads, sets
from fetching.sources import ENDINGS, SETS
from kaggle_server import Kaggle
from packing import CONTENTS, holds_all, member, packed, tar_gz, tree

REPORTS = {
    "oxford-iiit-pet": "2 image files in images and 1 image files in annotations",
    "ade20k": "2 image files in images and 2 image files in annotations",
    "helen": "2 image files in train and 2 image files in test",
}
ONLINE = [name for name, source in SETS.items() if source.archives]


@pytest.fixture
def server(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Kaggle(port=0) as server:
        yield server


@pytest.fixture
def stock(server, tmp_path, monkeypatch):
    """Let the server have the archives of a data set; what has no address is put into data/, as a user would."""

    def stock(dataset, **instead):
        for name, members in CONTENTS[dataset].items():
            content = instead.get(name.partition(".")[0]) or packed(members, name[name.index(".") :])
            server.archives[name] = content
            if dataset not in ONLINE:
                (tmp_path / "data").mkdir(exist_ok=True)
                (tmp_path / "data" / name).write_bytes(content)
        offered = tuple(map(moved, SETS[dataset].archives))
        monkeypatch.setitem(SETS, dataset, SETS[dataset]._replace(archives=offered))

    def moved(archive):
        name = urlsplit(archive.address).path.rpartition("/")[2]
        kind = (archive.checksum or "md5").partition(":")[0]
        checksum = f"{kind}:{hashlib.new(kind, server.archives[name]).hexdigest()}"
        return archive._replace(address=server.address(name), checksum=checksum)

    return stock


@pytest.fixture
def get(script, tmp_path):
    """Run the script: status, stdout and stderr, of which the latter is held to the rules."""

    def get(dataset, *args, folder=tmp_path / "data"):
        status, out, err = script("download_data.py", f"--dataset={dataset}", f"--file_path={folder}", *args)
        if status:
            assert err.count("\n") == 1 and len(err) <= 300
            assert status == 130 or err.startswith("download_data.py: ")
        else:
            assert not err
        return status, out, err

    return get


# ---------------------------------------------------------------- the registry


@pytest.mark.parametrize("dataset", SETS)
def test_an_entry_is_whole_and_told_of(dataset):
    source = SETS[dataset]
    assert dataset in CONTENTS and "/" not in dataset and "/" not in source.folder
    assert source.site.startswith("http") and source.holds
    assert f"\n  {dataset} " in download_data.__doc__ and source.folder in download_data.__doc__
    for archive in source.archives:
        assert archive.address.startswith("http") and archive.address.endswith(ENDINGS)
        kind, _, digits = (archive.checksum or "md5:" + "0" * 32).partition(":")
        assert len(hashlib.new(kind).hexdigest()) == len(digits)


def test_a_name_that_is_none_learns_of_those_there_are(get):
    status, _, err = get("pets")
    assert status == 2 and "--dataset=pets must be <owner>/<name>" in err and all(name in err for name in SETS)


# ---------------------------------------------------------------- every entry of it


@pytest.mark.parametrize("dataset", SETS)
def test_every_set_arrives_whole(stock, get, tmp_path, dataset):
    stock(dataset)
    status, out, _ = get(dataset)
    target = tmp_path / "data" / SETS[dataset].folder
    assert status == 0 and holds_all(target, dataset)
    assert f"{target}: {REPORTS[dataset]}\nnext: python src/train.py --data={target}\n" in out
    by_hand = [] if dataset in ONLINE else list(CONTENTS[dataset])
    assert sorted(os.listdir(tmp_path / "data")) == sorted([SETS[dataset].folder, *by_hand])


@pytest.mark.parametrize("dataset", SETS)
def test_a_set_that_is_there_is_left_alone_without_network(stock, server, get, tmp_path, dataset):
    stock(dataset)
    get(dataset)
    server.archives.clear()
    before = tree(tmp_path)
    status, out, _ = get(dataset)
    assert status == 0 and "stays as it is" in out and REPORTS[dataset] in out and tree(tmp_path) == before


@pytest.mark.parametrize("dataset", SETS)
def test_force_replaces_a_set(stock, get, tmp_path, dataset):
    stock(dataset)
    get(dataset)
    target = tmp_path / "data" / SETS[dataset].folder
    (target / "mine.jpg").touch()
    assert get(dataset, "--force")[0] == 0 and holds_all(target, dataset)


@pytest.mark.parametrize("dataset", SETS)
def test_a_folder_of_the_user_is_not_overwritten(stock, server, get, tmp_path, dataset):
    stock(dataset)
    mine = tmp_path / "data" / SETS[dataset].folder / "mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.touch()
    status, _, err = get(dataset)
    assert status == 2 and SETS[dataset].folder in err and "--force" in err
    assert mine.exists() and not server.ranges


@pytest.mark.parametrize("dataset", SETS)
def test_archives_without_the_folders_of_the_set_are_refused(stock, get, tmp_path, dataset):
    stock(dataset, **{name.partition(".")[0]: packed(["a.txt"], ".tar.gz") for name in CONTENTS[dataset]})
    before = tree(tmp_path)
    status, _, err = get(dataset)
    assert status == 2 and all(name in err for name in SETS[dataset].holds) and SETS[dataset].site in err
    assert tree(tmp_path) == before


# ---------------------------------------------------------------- every entry that is online


@pytest.mark.parametrize("dataset", ONLINE)
def test_a_cut_connection_is_continued(stock, server, get, tmp_path, dataset):
    stock(dataset)
    server.cuts, server.stop_after = 2, 80_000
    assert get(dataset)[0] == 0
    starts = [int(wanted.removeprefix("bytes=").removesuffix("-")) for wanted in server.ranges]
    assert len(starts) == len(CONTENTS[dataset]) + 2 and 0 == starts[0] < starts[1] < starts[2]
    assert holds_all(tmp_path / "data" / SETS[dataset].folder, dataset)


@pytest.mark.parametrize("dataset", ONLINE)
def test_a_connection_that_stays_cut_is_continued_by_the_next_run(stock, server, get, tmp_path, dataset):
    stock(dataset)
    server.cuts, server.stop_after = 99, 70_000
    status, _, err = get(dataset)
    assert status == 2 and "same command" in err
    assert os.listdir(tmp_path / "data") == [f".{dataset}.part"]
    server.cuts = 0
    server.ranges.clear()
    assert get(dataset)[0] == 0 and server.ranges[0] != "bytes=0-"
    assert holds_all(tmp_path / "data" / SETS[dataset].folder, dataset)


@pytest.mark.parametrize("dataset", ONLINE)
@pytest.mark.parametrize("moment", ["verify", "unpack", "install"])
def test_a_run_stopped_after_the_download_needs_no_second_one(
    stock, server, get, tmp_path, monkeypatch, dataset, moment
):
    def stop(*_):
        raise KeyboardInterrupt

    stock(dataset)
    place = downloads if moment == "verify" else sets
    with monkeypatch.context() as patch:
        patch.setattr(place, moment, stop)
        status, _, err = get(dataset)
    assert status == 130 and "same command continues" in err
    asked = len(server.ranges)
    assert get(dataset)[0] == 0
    assert len(server.ranges) == len(CONTENTS[dataset]) and asked == (1 if moment == "verify" else len(server.ranges))
    assert holds_all(tmp_path / "data" / SETS[dataset].folder, dataset)


@pytest.mark.parametrize("dataset", ONLINE)
def test_another_checksum_than_the_published_one_is_refused(stock, server, get, tmp_path, dataset):
    stock(dataset)
    *_, last = CONTENTS[dataset]
    right = server.archives[last]
    server.archives[last] = packed(["a.txt"], ".zip")
    status, _, err = get(dataset)
    assert status == 2 and last in err and ("MD5" in err or "SHA1" in err)
    assert not [name for name in tree(tmp_path) if name.endswith(last)]

    server.archives[last] = right
    server.ranges.clear()
    assert get(dataset)[0] == 0 and server.ranges == ["bytes=0-"]
    assert holds_all(tmp_path / "data" / SETS[dataset].folder, dataset)


@pytest.mark.parametrize("dataset", ONLINE)
@pytest.mark.parametrize(("status", "says"), [(404, "no longer"), (403, "no longer"), (500, "later")])
def test_a_missing_archive_is_noticed_before_the_first_byte(stock, server, get, tmp_path, dataset, status, says):
    stock(dataset)
    *_, last = CONTENTS[dataset]
    server.statuses[last] = status
    code, _, err = get(dataset, folder=tmp_path / "deep/data")
    assert code == 2 and f"({status})" in err and says in err and f"--dataset={dataset}" in err
    assert tree(tmp_path) == [] and not server.ranges


@pytest.mark.parametrize("dataset", ONLINE)
def test_no_network(get, tmp_path, monkeypatch, dataset):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/a.zip"
        nowhere = tuple(archive._replace(address=address) for archive in SETS[dataset].archives)
        monkeypatch.setitem(SETS, dataset, SETS[dataset]._replace(archives=nowhere))
        status, _, err = get(dataset)
    assert status == 2 and "cannot reach 127.0.0.1" in err
    assert tree(tmp_path) == []


@pytest.mark.parametrize("dataset", ONLINE)
def test_a_disk_too_small_for_all_archives_together_is_noticed(stock, server, get, tmp_path, monkeypatch, dataset):
    stock(dataset)
    free = sum(map(len, server.archives.values())) - 1
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    status, _, err = get(dataset)
    assert status == 2 and "free some space" in err and not server.ranges and not tree(tmp_path)


def test_a_server_that_calls_the_file_a_packed_answer_changes_nothing(stock, server, get, tmp_path):
    stock("oxford-iiit-pet")
    server.encoding = "x-gzip"
    assert get("oxford-iiit-pet")[0] == 0
    assert holds_all(tmp_path / "data/oxford-iiit-pet", "oxford-iiit-pet")


# ---------------------------------------------------------------- by hand


def test_what_must_be_fetched_by_hand_says_from_where_and_where_to(get, tmp_path):
    folder = tmp_path / ("deep" * 30) / "data"
    status, _, err = get("helen", folder=folder)
    assert status == 2 and SETS["helen"].site in err and "helenstar_release" in err and not tree(tmp_path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_of_any_kind_will_do_and_stays_the_users(get, tmp_path, ending):
    file = tmp_path / f"data/helenstar_release{ending}"
    file.parent.mkdir()
    file.write_bytes(packed(CONTENTS["helen"]["helenstar_release.zip"], ending))
    assert get("helen")[0] == 0 and file.exists()
    assert holds_all(tmp_path / "data/helenstar_release", "helen")


def test_what_the_user_unpacked_is_there(get, tmp_path):
    target = tmp_path / "data/helenstar_release"
    for folder in ("train", "test"):
        (target / folder).mkdir(parents=True)
        (target / folder / "1_image.jpg").touch()
    before = tree(tmp_path)
    status, out, _ = get("helen")
    assert status == 0 and "1 image files in train and 1 image files in test" in out and tree(tmp_path) == before


def test_what_a_killed_run_had_unpacked_by_hand_is_not_taken_for_content(stock, get, tmp_path):
    stock("helen")
    left = tmp_path / "data/.helen.part/unpacked/helenstar_release/train/left.jpg"
    left.parent.mkdir(parents=True)
    left.touch()
    assert get("helen")[0] == 0
    assert holds_all(tmp_path / "data/helenstar_release", "helen")


# ---------------------------------------------------------------- archives not to trust


@pytest.mark.parametrize("dataset", SETS)
def test_a_hostile_archive_is_refused_and_what_was_there_stays(stock, get, tmp_path, dataset):
    evil = dict.fromkeys((name.partition(".")[0] for name in CONTENTS[dataset]), tar_gz([member("../evil")]))
    stock(dataset, **evil)
    before = tree(tmp_path)
    status, _, err = get(dataset)
    assert status == 2 and f"--dataset={dataset} is refused" in err and "../evil" in err
    assert tree(tmp_path) == before
    stock(dataset)
    get(dataset)
    before = tree(tmp_path)
    stock(dataset, **evil)
    assert get(dataset, "--force")[0] == 2
    assert tree(tmp_path) == before
