"""Serve the page on this machine, until the script is stopped."""

import hmac
import ipaddress
import os
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

from command.options import quiet_libraries
from utils import ROOT, UserError, shown

LARGEST_UPLOAD = 500_000_000  # bytes; a TIFF of the most pixels that we read
LOOKS = Path(__file__).parent / "parts/page.css"


def serve(port=7860, host="127.0.0.1", password=None, model=ROOT / "model/person.keras", vgg_weights=None):
    """Serve the page at http://<host>:<port>. password: what visitors must know; None: nothing."""
    check_host(host, password)
    if not find_spec("gradio"):
        raise UserError("the page needs Gradio; install it with: pip install gradio")
    if not model.is_file():
        raise UserError(f"--model={shown(model)} does not exist; train one with train.py, or leave it out")
    with quiet_libraries():
        from webpage.workshop import Workshop

    with tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"GRADIO_TEMP_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}  # read when it is imported
        workshop = Workshop(folder, model, vgg_weights)
        _ = workshop.finder  # refuses a file that is no network before anyone comes
        page = open_page(workshop, host, port, password)
        try:
            workshop.warm_up()
            print(f"The page is at {page.local_url} until you press Ctrl-C.", flush=True)
            threading.Event().wait()
        finally:
            page.close(verbose=False)
            workshop.close()


def check_host(host, password):
    """Refuse to serve others than this machine without a password."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise UserError(f"--host={shown(host)} is no address; give one of this machine, or 127.0.0.1") from None
    if not local and not password:
        raise UserError(f"--host={shown(host)} opens the page to other machines; give a --password=<text> as well")


def open_page(workshop, host, port, password):
    """Start the server: the `gr.Blocks` that it shows."""
    import gradio as gr

    from webpage.layout import build

    page = build(workshop)
    try:
        page.launch(
            server_name=host,
            server_port=port,
            auth=(lambda name, given: hmac.compare_digest(given.encode(), password.encode())) if password else None,
            auth_message="Any name, and the password that page.py was given." if password else None,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            ssr_mode=False,
            mcp_server=False,
            pwa=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            max_file_size=LARGEST_UPLOAD,
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
            css_paths=[LOOKS],
        )
    except OSError:
        raise UserError(f"--port={port} at {host} cannot be used; choose another") from None
    return page
