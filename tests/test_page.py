"""The page in a real browser: headless Chromium, driven by Playwright. Screenshots land beside the report.

With SCREENSHOTS=<folder> in the environment, they are kept there as JPEG files; `make screenshots` does so.
"""

import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures.images import read_record
from utils import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = [name for name in ("gradio", "playwright") if not find_spec(name)] + ([] if CHROMIUM else ["chromium"])
pytestmark = [
    pytest.mark.long,
    pytest.mark.xdist_group("page"),
    pytest.mark.skipif(bool(MISSING), reason=f"the page needs {', '.join(MISSING)} to be installed"),
]
PHOTO = ROOT / "examples/portraits/images/eileen_collins.jpg"
PATIENCE = 300_000  # ms, on a machine that does much else
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
# Runs page.py, and writes down which addresses outside of this machine it asks for.
WATCHED = """
import runpy, socket, sys
connect, resolve = socket.socket.connect, socket.getaddrinfo
def told(host):
    if str(host) not in ("127.0.0.1", "localhost", "::1", "None"):
        print("OUTSIDE", host, flush=True)
socket.socket.connect = lambda self, at: (isinstance(at, tuple) and told(at[0]), connect(self, at))[1]
socket.getaddrinfo = lambda host, *rest, **more: (told(host), resolve(host, *rest, **more))[1]
sys.argv = ["page.py", *sys.argv[1:]]
sys.path.insert(0, "src")
runpy.run_path("src/page.py", run_name="__main__")
"""


class Server:
    """A running page.py, and what it prints."""

    def __init__(self, folder, *given):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.log = folder, folder / "log.txt"
        self.url = f"http://127.0.0.1:{self.port}/"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WATCHED, f"--port={self.port}", *given],
                cwd=ROOT,
                env=os.environ | {"TMPDIR": str(folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.wait_for("The page is at")

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE / 1000
        while text not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def visitors(self):
        """The folders of the visitors who are here."""
        return {place for place in self.folder.glob("page-*/tmp*") if place.is_dir()}

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE / 1000)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("page"))
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(server, browser):
    """Open the page in a new tab: visit(**context options) gives a Playwright page; its requests are checked."""
    asked, contexts = [], []

    def come(viewport=LAPTOP, **options):
        context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.url)
        page.locator("#command").wait_for()
        contexts.append(context)
        return page

    yield come
    for context in contexts:
        context.close()
    outside = [url for url in asked if not url.startswith((server.url, "data:", "blob:"))]
    assert asked and outside == []
    assert "OUTSIDE" not in server.log.read_text()


@pytest.fixture
def snap(request, tmp_path_factory):
    """Take a screenshot: snap(page, "name"). keep: whether it is one for the documents."""
    report = request.config.getoption("xmlpath", None)
    folder = Path(report).parent if report else tmp_path_factory.getbasetemp() / "screenshots"
    kept = os.environ.get("SCREENSHOTS")

    def take(page, name, keep=False, **options):
        folder.mkdir(parents=True, exist_ok=True)
        content = page.screenshot(path=folder / f"page_{name}.png", **options)
        if kept and keep:
            Image.open(io.BytesIO(content)).convert("RGB").save(Path(kept) / f"page_{name}.jpg", quality=85)

    return take


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The photo at 192 px, which is painted soon."""
    place = tmp_path_factory.mktemp("small") / "small.png"
    Image.open(PHOTO).resize((192, 192)).save(place)
    return place


def drop(page, file, place="photo"):
    clear = page.locator(f"#{place} button[aria-label=Clear]")
    if clear.count():  # the place for files shows the last one
        clear.click()
    page.locator(f"#{place} input[type=file]").set_input_files(file)


def status(page, text):
    """Wait until the status line holds a text, or matches a pattern."""
    page.locator("#status p").filter(has_text=text).wait_for()


def painted(page, photo, text="Painted at once"):
    drop(page, photo)
    status(page, text)


def stroke(page, start, end):
    """Draw with the brush from one point of the photo to another, both in shares of its width and height."""
    box = page.locator("#brush canvas").bounding_box()
    (x, y), (left, top) = ([box["x"] + p * box["width"], box["y"] + q * box["height"]] for p, q in (start, end))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(left, top, steps=5)
    page.mouse.up()


def download(page, button, folder):
    with page.expect_download() as pending:
        page.get_by_role("button", name=button).click()
    place = folder / pending.value.suggested_filename
    pending.value.save_as(place)
    return place


def test_the_whole_way_of_a_person(visit, server, snap, tmp_path):
    page = visit()
    drop(page, PHOTO)
    page.locator("#brush .sheet").wait_for()
    assert page.get_by_role("checkbox", name="person").is_checked()
    status(page, "Painted at once")
    page.get_by_role("radio", name="whirls").check(force=True)
    status(page, re.compile("Painting"))
    status(page, "Painted at once")
    stroke(page, (0.75, 0.15), (0.75, 0.4))
    page.get_by_role("button", name="Download mask").and_(page.locator(":enabled")).wait_for()
    page.get_by_role("button", name="Take away").click()
    stroke(page, (0.85, 0.75), (0.9, 0.85))
    status(page, "Painting")
    status(page, "Painted at once")
    page.get_by_role("button", name="Paint finely").click()
    status(page, re.compile(r"Step \d+ of 20, \d+ s left"))
    assert page.get_by_role("progressbar").get_attribute("value") != "0"
    snap(page, "growing")
    status(page, "Painted finely")
    assert page.evaluate("document.documentElement.scrollHeight") <= LAPTOP["height"]
    page.get_by_role("slider", name="Compare").fill("30")
    snap(page, "laptop", keep=True)
    mask, painting = download(page, "Download mask", tmp_path), download(page, "Download painting", tmp_path)
    assert read_record(painting)["options"]["network"] == "mini"
    assert np.asarray(Image.open(mask))[60:200, 375:390].min() > 250
    assert Image.open(painting).size == Image.open(PHOTO).size


def test_the_command_line_on_the_page_paints_the_same_to_the_bit(visit, small, tmp_path):
    page = visit()
    painted(page, small)
    stroke(page, (0.75, 0.15), (0.75, 0.4))
    page.locator("#command").filter(has_text="--mask=small_mask.png").wait_for()
    page.get_by_role("button", name="Paint finely").click()
    status(page, "Painted finely")
    ours, mask = download(page, "Download painting", tmp_path), download(page, "Download mask", tmp_path)
    words = shlex.split(page.locator("#command .cm-content").inner_text().replace("\n", " "))
    assert words[:2] == ["python", "src/stylize.py"] and f"--save={ours.name}" in words
    root = tmp_path / "project"  # as the project's folder, but nothing is written into that
    root.mkdir()
    shutil.copy(small, root)
    shutil.copy(mask, root)
    for name in ("src", "examples"):
        (root / name).symlink_to(ROOT / name)
    done = subprocess.run([sys.executable, *words[1:]], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (np.asarray(Image.open(ours)) == np.asarray(Image.open(root / ours.name))).all()


def test_stop_keeps_what_there_is(visit, tmp_path):
    page = visit()
    painted(page, PHOTO)
    page.get_by_role("button", name="Paint finely").click()
    status(page, "Step")
    page.get_by_role("button", name="Stop", exact=True).click()
    status(page, "Stopped after")
    painting = download(page, "Download painting", tmp_path)
    steps = int(re.search(r"after (\d+)", page.locator("#status p").inner_text())[1])
    record = read_record(painting)
    assert record["stopped"] is True and record["steps"] == steps < 20


def test_a_page_that_is_loaded_again_begins_anew_and_ends_the_painting(visit, server):
    page = visit()
    painted(page, PHOTO)
    before = server.visitors()
    page.get_by_role("button", name="Paint finely").click()
    status(page, "Step")
    page.reload()
    status(page, "Drop a photo to begin")
    end = time.monotonic() + PATIENCE / 1000
    while before & server.visitors() and time.monotonic() < end:
        time.sleep(0.1)
    assert not before & server.visitors()


def test_two_visitors_take_turns_and_a_closed_tab_lets_the_other_one_go_on(visit, small):
    one, other = visit(), visit()
    painted(one, PHOTO)
    painted(other, small)
    one.get_by_role("button", name="Paint finely").click()
    status(one, "Step")
    other.get_by_role("radio", name="wheat").check(force=True)
    status(other, "1 before you in the queue")
    one.close()
    status(other, "Painted at once")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broken.jpg", b"no picture", "broken.jpg cannot be read (damaged, or not a picture)"),
        ("<img src=x onerror=alert(1)>.png", b"<script>", "cannot be read (damaged, or not a picture)"),
        ("bomb.png", "bomb", "bomb.png has more than 120 million pixels; make it smaller"),
        ("thin.png", "thin", "thin.png is 300 x 2; give a photo of 16 px or more each way"),
    ],
)
def test_a_bad_upload_gets_the_line_of_the_command_line(visit, small, tmp_path, name, content, told):
    if isinstance(content, str):
        made = io.BytesIO()
        Image.new("1", {"bomb": (16000, 16000), "thin": (300, 2)}[content]).save(made, "PNG")
        content = made.getvalue()
    page = visit()
    page.on("dialog", lambda dialog: pytest.fail("a script in a file name ran"))
    (tmp_path / name).write_bytes(content)
    drop(page, tmp_path / name)
    status(page, told)
    assert "/tmp" not in page.locator("#status p").inner_text()
    painted(page, small)  # and the visitor goes on


def test_a_style_of_ones_own(visit, small):
    page = visit()
    painted(page, small)
    drop(page, ROOT / "examples/kept.jpg", "own")
    page.locator("#command").filter(has_text="--style=kept.jpg").wait_for()
    drop(page, __file__, "own")
    status(page, "cannot be read")


def test_nothing_outside_the_uploads_can_be_had(visit, server):
    page = visit()
    for path in ("/etc/passwd", str(ROOT / "README.md"), "/proc/self/environ"):
        assert page.request.get(f"{server.url}gradio_api/file={path}").status in (403, 404)


def test_it_fits_a_phone(visit, small, snap):
    page = visit(PHONE, has_touch=True, is_mobile=True)
    painted(page, PHOTO)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for part in ("#photo", "#styles", "#brush .sheet", "#compare .sheet", "#status", "#command"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    snap(page, "phone", keep=True, full_page=True)


def test_it_is_light_or_dark_as_the_visitor_prefers(visit, snap):
    shades = {}
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        content = page.screenshot()
        snap(page, scheme)
        shades[scheme] = np.asarray(Image.open(io.BytesIO(content)).convert("L")).mean()
    assert shades["dark"] < 90 < 200 < shades["light"]


def test_every_control_has_a_name_and_can_be_reached_by_the_keyboard(visit, small):
    page = visit()
    painted(page, small)
    page.locator("#own button[aria-label^='Your own style']").wait_for()
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    kinds = ("button", "radio", "checkbox", "slider", "textbox", "link", "application", "progressbar", "image")
    controls = [(node["role"]["value"], node.get("name", {}).get("value")) for node in tree if not node["ignored"]]
    controls = [(kind, name) for kind, name in controls if kind in kinds]
    assert len(controls) > 20 and not [kind for kind, name in controls if not name and kind != "image"]
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(e => (e.getAttribute('aria-label') || e.name || e.innerText).split(':')[0])(document.activeElement)"
            )
        )
    wanted = {"style", "Your own style", "Add", "Take away", "Size of the brush", "Undo", "Brush", "Compare"}
    assert wanted | {"Paint finely", "Download painting"} <= reached


def test_the_brush_paints_by_the_keyboard(visit, small):
    page = visit()
    painted(page, small)
    page.locator("#brush canvas").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press(" ")
    page.locator("#command").filter(has_text="--mask=small_mask.png").wait_for()
    page.get_by_role("button", name="Undo").click()
    status(page, "Painting")
    status(page, "Painted at once")
    assert "--mask" not in page.locator("#command").inner_text()


def test_ctrl_c_ends_it_and_leaves_nothing(server, browser):
    page = browser.new_page()
    page.goto(server.url)
    page.locator("#command").wait_for()
    drop(page, PHOTO)
    assert server.stop() == 130
    assert list(server.folder.glob("page-*")) == []
    page.close()


def test_other_machines_need_the_password(tmp_path, browser):
    server = Server(tmp_path, "--password=open sesame")
    try:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(server.url)
        name, password = page.get_by_label("username"), page.get_by_label("password")
        assert page.locator("#photo").count() == 0
        assert page.request.get(server.url + "config").status == 401
        for given in ("wrong", "open sesame"):
            name.fill("me"), password.fill(given)
            page.get_by_role("button", name="Login").click()
            if given == "wrong":
                page.get_by_text("Incorrect").wait_for()
        page.locator("#photo").wait_for()
        page.close()
    finally:
        server.stop()
