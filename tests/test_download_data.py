import base64
import errno
import inspect
import io
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
import traceback
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

import download_data
from command.options import read_options
from command.process import run
from fetching import downloads, sets
from fetching import kaggle as kaggle_client
from kaggle_server import KEY, NAME, SIGNATURE, TOKEN, Kaggle
from utils import UserError

pytestmark = pytest.mark.xdist_group("kaggle")  # on the one port
SCRIPT = Path(download_data.__file__)
SLUG = sets.DATASET
NAMES = [f"people_segmentation/{kind}/{n}.{end}" for kind, end in (("images", "jpg"), ("masks", "png")) for n in "123"]


def archive(names=NAMES, seed=0, size=100_000):
    """A zip archive whose members do not shrink, as photos do not."""
    noise, file = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in names:
            bundle.writestr(zipfile.ZipInfo(name) if isinstance(name, str) else name, noise.randbytes(size))
    return file.getvalue()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No test may find the credentials of the person who runs it, or reach the real Kaggle."""
    for name in [
        name for name in os.environ if name.startswith(("KAGGLE_", "XDG_")) or name.lower().endswith("_proxy")
    ]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    return home


@pytest.fixture
def port():
    """Skips the test where port 7777 is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 7777))
        except OSError:
            pytest.skip("port 7777, on which the Kaggle client expects its test server, is in use")


@pytest.fixture
def kaggle(port):
    with Kaggle() as server:
        server.archives[SLUG] = archive()
        yield server


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """Runs the script in this process as from a shell. Returns exit status, stdout and stderr."""

    def call(*args, folder=tmp_path / "data"):
        monkeypatch.setattr(sys, "argv", [str(SCRIPT), f"--file_path={folder}", *args])
        status = 0
        try:
            run(download_data.main)
        except SystemExit as stop:
            status = stop.code
        out, err = capsys.readouterr()
        assert not any(secret in out + err for secret in (TOKEN, KEY, SIGNATURE, NAME))
        if status:
            assert err.count("\n") == 1 and len(err) <= 300
            assert status != 2 or err.startswith("download_data.py: ")
        else:
            assert not err
        return status, out, err

    return call


def tree(folder):
    """All that lies in a folder, hidden or not."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


def records(folder):
    return [json.loads(file.read_text()) for file in folder.rglob("source.json")]


# ---------------------------------------------------------------- success


def test_the_default_data_set_arrives_whole(kaggle, cli, tmp_path):
    status, out, _ = cli()
    assert status == 0
    data = tmp_path / "data"
    assert os.listdir(data) == ["people_segmentation"]
    with zipfile.ZipFile(io.BytesIO(kaggle.archives[SLUG])) as bundle:
        assert all((data / name).read_bytes() == bundle.read(name) for name in NAMES)
    assert "3 pictures and 3 masks" in out
    assert f"python src/train.py --data={data / 'people_segmentation'}\n" in out
    assert [record["dataset"] for record in records(data)] == [SLUG]


def test_the_usual_place_needs_no_option_for_training(kaggle, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "ROOT", tmp_path)
    assert cli()[1].endswith("next: python src/train.py\n")


def test_several_folders_get_one_around_them(kaggle, cli, tmp_path):
    kaggle.archives["some/set"] = archive(["images/1.jpg", "masks/1.png", "note.txt"])
    status, out, _ = cli("--dataset=some/set")
    assert status == 0 and "1 pictures and 1 masks" in out
    assert tree(tmp_path / "data/set") == ["images", "images/1.jpg", "masks", "masks/1.png", "note.txt", "source.json"]


def test_a_set_without_pictures_and_masks_says_what_it_has(kaggle, cli):
    kaggle.archives["some/set"] = archive(["a/1.txt", "b/2.txt"])
    assert "3 files, but no pictures in folders images and masks" in cli("--dataset=some/set")[1]


def test_a_server_that_says_neither_length_nor_version_will_do(kaggle, cli, tmp_path):
    kaggle.terse = True
    assert cli()[0] == 0
    assert (tmp_path / "data" / NAMES[-1]).stat().st_size == 100_000


def put_credentials(place, home, monkeypatch):
    """Put what Kaggle knows us by into one of the places where its own tool seeks it, and nowhere else."""
    if place == "variable":
        return
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if place == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", NAME)
        monkeypatch.setenv("KAGGLE_KEY", KEY)
    elif place in ("token file", "login"):
        (home / ".kaggle").mkdir()
        (home / ".kaggle" / "access_token").write_text(TOKEN if place == "token file" else "")
        login = {"refresh_token": "r", "access_token": TOKEN, "access_token_expiration": "2999-01-01T00:00:00+00:00"}
        (home / ".kaggle" / "credentials.json").write_text(json.dumps(login))
    else:
        (home / place).mkdir(parents=True)
        (home / place / "kaggle.json").write_text(json.dumps({"username": NAME, "key": KEY}))
        if place == "elsewhere":
            monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / place))


PLACES = ["variable", "environment", ".kaggle", ".config/kaggle", "elsewhere", "token file", "login"]


@pytest.mark.parametrize("place", PLACES)
def test_credentials_are_found_where_kaggle_keeps_them(kaggle, cli, home, monkeypatch, place):
    put_credentials(place, home, monkeypatch)
    assert cli()[0] == 0


# ---------------------------------------------------------------- what is there already


def test_a_finished_set_is_left_alone_without_network(kaggle, cli, tmp_path, monkeypatch):
    cli()
    mine = tmp_path / "data/people_segmentation/images/mine.jpg"
    mine.touch()
    asked = kaggle.asked
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    status, out, _ = cli()
    assert status == 0 and mine.exists() and kaggle.asked == asked
    assert "--force" in out and "4 pictures and 3 masks" in out


def test_what_a_run_left_that_was_killed_at_its_very_end_goes(kaggle, cli, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(downloads, "tidy", lambda work, keep=(): None)
        cli()
    assert len(os.listdir(tmp_path / "data")) == 2
    assert cli()[0] == 0 and os.listdir(tmp_path / "data") == ["people_segmentation"]


def test_force_replaces_a_finished_set(kaggle, cli, tmp_path):
    cli()
    kaggle.archives[SLUG] = archive(NAMES[:4], seed=1)
    status, out, _ = cli("--force")
    assert status == 0 and "3 pictures and 1 masks" in out
    assert os.listdir(tmp_path / "data") == ["people_segmentation"]


def test_force_keeps_the_old_set_until_the_new_one_is_complete(kaggle, cli, tmp_path, monkeypatch):
    cli()
    before = tree(tmp_path / "data")
    kaggle.archives[SLUG] = archive(["people_segmentation/new.jpg", "../evil"])
    assert cli("--force")[0] == 2
    assert tree(tmp_path / "data") == before

    kaggle.archives[SLUG] = archive(seed=2)
    swap = os.replace

    def stumble(*places):
        def replace(old, new):
            if Path(old).parent.name in places:
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
            swap(old, new)

        return replace

    monkeypatch.setattr(os, "replace", stumble("unpacked"))
    assert cli("--force")[0] == 2
    assert tree(tmp_path / "data") == before
    monkeypatch.setattr(os, "replace", stumble("unpacked", "old"))
    assert cli("--force")[0] == 2
    monkeypatch.setattr(os, "replace", swap)
    status, out, _ = cli()
    assert status == 0 and "stays as it is" in out and set(before) <= set(tree(tmp_path / "data"))


def test_a_set_that_was_taken_away_by_a_killed_run_comes_back(kaggle, cli, tmp_path):
    cli()
    data, work = tmp_path / "data", tmp_path / f"data/.{SLUG.replace('/', '--')}.part"
    (work / "old").mkdir(parents=True)
    (data / "people_segmentation").rename(work / "old" / "people_segmentation")
    status, out, _ = cli()
    assert status == 0 and "stays as it is" in out and (data / NAMES[0]).exists()


@pytest.mark.parametrize(("slug", "asked"), [(SLUG, 0), ("some/set", 1)])
def test_a_folder_of_the_user_is_not_overwritten(kaggle, cli, tmp_path, slug, asked):
    kaggle.archives[slug] = archive()
    mine = tmp_path / "data/people_segmentation/mine.jpg"
    mine.parent.mkdir(parents=True)
    mine.touch()
    status, _, err = cli(f"--dataset={slug}")
    assert status == 2 and "people_segmentation" in err and "--force" in err
    assert tree(tmp_path / "data") == ["people_segmentation", "people_segmentation/mine.jpg"]
    assert kaggle.asked == asked
    assert cli(f"--dataset={slug}", "--force")[0] == 0 and not mine.exists()


# ---------------------------------------------------------------- interruptions


def test_a_cut_connection_is_continued(kaggle, cli, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    kaggle.cuts, kaggle.stop_after = 2, 200_000
    assert cli()[0] == 0
    assert len(waits) == 2
    starts = [int(wanted.removeprefix("bytes=").removesuffix("-")) for wanted in kaggle.ranges]
    assert len(starts) == 3 and 0 == starts[0] < starts[1] < starts[2]
    assert (tmp_path / "data" / NAMES[-1]).stat().st_size == 100_000


def test_a_server_without_ranges_starts_over(kaggle, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    kaggle.cuts, kaggle.stop_after, kaggle.knows_ranges = 1, 200_000, False
    assert cli()[0] == 0
    assert kaggle.ranges[0] == "bytes=0-" != kaggle.ranges[1] and len(kaggle.ranges) == 2
    assert (tmp_path / "data" / NAMES[-1]).stat().st_size == 100_000


def test_a_connection_that_stays_cut_is_given_up_and_continued_by_the_next_run(kaggle, cli, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    kaggle.cuts, kaggle.stop_after = 99, 80_000
    status, _, err = cli()
    assert status == 2 and "same command" in err
    assert sum(waits) < 60
    assert all(name.startswith(".") for name in os.listdir(tmp_path / "data"))
    kaggle.cuts = 0
    kaggle.ranges.clear()
    assert cli()[0] == 0
    assert kaggle.ranges != ["bytes=0-"] and len(kaggle.ranges) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)])
@pytest.mark.parametrize("changed", [False, True])
def test_a_killed_run_is_continued(kaggle, cli, tmp_path, how, changed):
    kaggle.hold, kaggle.stop_after = True, 300_000
    data = tmp_path / "data"
    # A shell that runs the tests in the background makes all its children deaf to Ctrl-C: undone first.
    hear = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    start = f"{hear}; import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", start, str(SCRIPT), f"--file_path={data}"]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parent)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        while not any(part.stat().st_size for part in data.glob(".*/*.zip")):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        process.send_signal(how)
        _, err = process.communicate()
    if how == signal.SIGINT:
        assert process.returncode == 130 and err.startswith("stopped") and err.count("\n") == 1
    assert all(name.startswith(".") for name in os.listdir(data))

    kaggle.hold = False
    kaggle.ranges.clear()
    if changed:  # on Kaggle, meanwhile
        kaggle.archives[SLUG] = archive(seed=3)
    assert cli()[0] == 0
    assert (kaggle.ranges == ["bytes=0-"]) == changed
    assert os.listdir(data) == ["people_segmentation"]
    with zipfile.ZipFile(io.BytesIO(kaggle.archives[SLUG])) as bundle:
        assert all((data / name).read_bytes() == bundle.read(name) for name in NAMES)


def test_a_run_stopped_while_unpacking_needs_no_second_download(kaggle, cli, tmp_path, monkeypatch):
    extract = zipfile.ZipFile.extract

    def stop(bundle, member, *rest):
        if member.filename == NAMES[3]:
            raise KeyboardInterrupt
        return extract(bundle, member, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", stop)
        assert cli()[0] == 130
    assert all(name.startswith(".") for name in os.listdir(tmp_path / "data"))
    kaggle.ranges.clear()
    assert cli()[0] == 0
    assert not kaggle.ranges and os.listdir(tmp_path / "data") == ["people_segmentation"]


# ---------------------------------------------------------------- archives not to trust


def link(name):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


EVIL = [
    "/evil",
    "../evil",
    "a/../../evil",
    "..\\evil",
    "a\\..\\..\\evil",
    "C:\\evil",
    "C:evil",
    "d:/evil",
    "a\nb",
    link("a"),
    ".. /evil",
    "a" * 256,
    NAMES[0],
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("member", EVIL, ids=lambda member: repr(member)[:40])
def test_members_that_lead_elsewhere_are_refused(kaggle, cli, tmp_path, member):
    kaggle.archives[SLUG] = archive([*NAMES[:2], member], size=10)
    status, _, err = cli()
    assert status == 2 and f"--dataset={SLUG}" in err
    assert tree(tmp_path) == ["home"]


def with_password(content):
    """Set the flag that says that a password is needed, in the only entry of an archive's directory."""
    content = bytearray(content)
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive(["a/1.jpg"])[:-50], "sound"),
        (archive(["a/1.jpg"]).replace(b"1.jpg", b"2.jpg", 1), "sound"),
        (b"<html>maintenance</html>", "sound"),
        (archive([]), "holds 0 files"),
        (with_password(archive(["a/1.jpg"])), "password"),
    ],
    ids=["short", "torn", "no zip", "empty", "password"],
)
def test_a_broken_archive_is_refused_and_not_kept(kaggle, cli, tmp_path, content, says):
    kaggle.archives[SLUG] = content
    status, _, err = cli()
    assert status == 2 and says in err
    assert tree(tmp_path) == ["home"]


def test_a_zip_bomb_is_refused(kaggle, cli, tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("people_segmentation/images/1.bmp", bytes(10**7))
    kaggle.archives[SLUG] = file.getvalue()
    status, _, err = cli()
    assert status == 2 and "10,000,000" in err
    assert tree(tmp_path) == ["home"]


def test_an_archive_of_too_many_files_is_refused(kaggle, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_FILES", 5)
    status, _, err = cli()
    assert status == 2 and "holds 6 files" in err
    assert tree(tmp_path) == ["home"]


# ---------------------------------------------------------------- what the user can mend


@pytest.mark.parametrize(
    "text", ["foo", "", "a/b/c", "a/", "/b", "../b", "a/..", "a b/c", "a/b?c", "https://kaggle.com"]
)
def test_a_malformed_slug_is_named_before_anything_else(cli, tmp_path, monkeypatch, text):
    monkeypatch.setattr(kaggle_client, "log_in", pytest.fail)
    status, _, err = cli(f"--dataset={text}")
    assert status == 2 and f"--dataset={text} must be <owner>/<name>" in err


@pytest.mark.parametrize(("status", "says"), [(403, "closed to you"), (404, "is not on Kaggle"), (500, "later")])
def test_a_refusal_of_kaggle_is_explained(kaggle, cli, tmp_path, status, says):
    kaggle.statuses["foo/bar"] = status
    code, _, err = cli("--dataset=foo/bar", folder=tmp_path / "deep/data")
    assert code == 2 and f"({status})" in err and says in err and "--dataset=foo/bar" in err
    assert tree(tmp_path) == ["home"]


@pytest.mark.parametrize("token", ["secret-but-wrong", "secret\nbroken", "secret-\u20ac"])
def test_bad_credentials(kaggle, cli, tmp_path, monkeypatch, token):
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    status, out, err = cli()
    assert status == 2 and "Generate New Token" in err and "~/.kaggle/access_token" in err
    assert "secret" not in out + err
    assert tree(tmp_path) == ["home"]


@pytest.mark.parametrize("token", ["", "x" * 5000, b"\xff\xfe"], ids=["none", "long", "binary"])
def test_no_credentials(cli, tmp_path, home, monkeypatch, token):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    if token:
        (home / ".kaggle").mkdir()
    if isinstance(token, bytes):
        (home / ".kaggle/access_token").write_bytes(token)
    elif token:
        monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    before = tree(tmp_path)
    status, _, err = cli()
    assert status == 2 and "Generate New Token" in err and "~/.kaggle/access_token" in err
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "content", [b"[]", b"3", b"\xff\xfe", b'{"refresh_token": "r", "access_token_expiration": "soon"}']
)
def test_a_damaged_login_is_named(cli, tmp_path, home, monkeypatch, content):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (home / ".kaggle").mkdir()
    (home / ".kaggle/credentials.json").write_bytes(content)
    before = tree(tmp_path)
    status, _, err = cli()
    assert status == 2 and "credentials.json; delete it" in err and tree(tmp_path) == before


def test_no_network(port, cli, tmp_path):
    status, _, err = cli(folder=tmp_path / "deep/data")
    assert status == 2 and "cannot reach Kaggle" in err
    assert tree(tmp_path) == ["home"]


def test_a_failure_before_the_first_byte_keeps_what_an_earlier_run_brought(kaggle, cli, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    kaggle.cuts, kaggle.stop_after = 99, 80_000
    cli()
    before = tree(tmp_path)
    kaggle.statuses[SLUG] = 500
    assert cli()[0] == 2
    assert tree(tmp_path) == before and len(before) > 2


@pytest.mark.parametrize("below", ["", "sub", "sub/sub", "x" * 300])
def test_a_folder_that_cannot_be_written(kaggle, cli, tmp_path, below):
    (tmp_path / "file").write_text("mine")
    status, _, err = cli(folder=tmp_path / "file" / below)
    assert status == 2 and "--file_path=" in err and "choose another" in err
    assert tree(tmp_path) == ["file", "home"]


def test_a_full_disk_is_noticed_before_the_download(kaggle, cli, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    status, _, err = cli()
    assert status == 2 and "free some space" in err and not kaggle.ranges
    assert tree(tmp_path) == ["home"]


def test_a_disk_that_fills_up_while_downloading_is_not_tried_again(kaggle, tmp_path):
    pytest.importorskip("resource")
    limit = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); "
    script = f"sys.argv = sys.argv[1:]; sys.path.insert(0, {str(SCRIPT.parent)!r}); "
    start = "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", limit + script + start, str(SCRIPT), f"--file_path={tmp_path / 'data'}"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert "cannot use --file_path=" in ran.stderr and "free some space" in ran.stderr
    assert len(kaggle.ranges) == 1
    assert tree(tmp_path) == ["home"]


def test_a_disk_that_fills_up_while_unpacking(kaggle, cli, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extract", full)
    status, _, err = cli()
    assert status == 2 and os.strerror(errno.ENOSPC) in err
    assert tree(tmp_path) == ["home"]


# ---------------------------------------------------------------- what must not be told

BASIC = base64.b64encode(f"{NAME}:{KEY}".encode()).decode()
SECRETS = [secret.encode() for secret in (TOKEN, KEY, SIGNATURE, NAME, BASIC)]
ENDS = {  # how a download may end: what the server does, and what of it is said
    "well": ({}, None),
    **{f"{status}": ({"statuses": {SLUG: status}}, str(status)) for status in (401, 403, 404, 429, 500)},
    **{f"{status} later": ({"statuses": {f"/storage/{SLUG}": status}}, str(status)) for status in (401, 403, 404, 500)},
    "cut": ({"cuts": 99, "stop_after": 80_000}, "cannot reach"),
    "led nowhere": ({"elsewhere": "http://127.0.0.1:9"}, "cannot reach"),
    "led astray": ({"elsewhere": "http://[half"}, "cannot reach"),
    "led to a file": ({"elsewhere": "file://"}, "cannot reach"),
    "no archive": ({"archives": {SLUG: SIGNATURE.encode()}}, "sound"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("end", ENDS)
def test_no_secret_is_told_or_written(kaggle, cli, home, tmp_path, monkeypatch, place, end):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    put_credentials(place, home, monkeypatch)
    own = set(home.rglob("*"))
    does, says = ENDS[end]
    for name, value in does.items():
        setattr(kaggle, name, value)
    status, _, err = cli()  # which holds the output to it
    assert status == (2 if says is not None else 0) and (says or "") in err, err
    for file in {file for file in tmp_path.rglob("*") if file.is_file()} - own:
        content = file.read_bytes()
        assert not any(secret in content or secret in bytes(file) for secret in SECRETS), file


@pytest.mark.parametrize("where", ["fetching.downloads.part_of", "fetching.downloads.verify", "time.sleep"])
def test_no_secret_is_told_by_a_mistake_of_ours(kaggle, tmp_path, monkeypatch, where):
    """Not even in the traceback, whose errors tell of addresses."""

    def fail(*_):
        raise RuntimeError("a mistake")

    monkeypatch.setattr(where, fail)
    kaggle.cuts, kaggle.stop_after = (99, 80_000) if where == "time.sleep" else (0, 0)
    with pytest.raises(RuntimeError, match="a mistake") as mistake:
        sets.download_data(file_path=tmp_path / "data")
    told = "".join(traceback.format_exception(mistake.value)).encode()
    assert b"a mistake" in told and not any(secret in told for secret in SECRETS)


# ---------------------------------------------------------------- the script


def test_usage_and_function_agree():
    defaults = {name: value.default for name, value in inspect.signature(sets.download_data).parameters.items()}
    assert read_options(download_data.__doc__, download_data.OPTIONS, []) == defaults


def test_import_loads_no_client():
    check = (
        "import sys, download_data; sys.exit(any(name in sys.modules for name in ('requests', 'kaggle', 'kagglesdk')))"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=SCRIPT.parent).returncode == 0


def test_slug_takes_what_kaggle_takes():
    assert download_data.slug("--dataset", "Some-user_1/set-2") == "Some-user_1/set-2"
    with pytest.raises(UserError):
        download_data.slug("--dataset", "некто/set")
