"""Who may open the page, and what stops it from being opened."""

import socket

import pytest

from utils import UserError
from webpage import server


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_needs_no_password(host):
    server.check_host(host, None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20"])
def test_other_machines_need_one(host):
    with pytest.raises(UserError, match=rf"--host={host} opens .* --password"):
        server.check_host(host, None)
    server.check_host(host, "open sesame")


def test_a_name_is_no_address():
    with pytest.raises(UserError, match="is no address"):
        server.check_host("example.org", "open sesame")


def test_without_gradio_the_pip_line_is_named(monkeypatch):
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install gradio"):
        server.serve()


def test_a_port_that_is_taken_is_named(workshop):
    pytest.importorskip("gradio")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--port={port} at 127.0.0.1 cannot be used; choose another"):
            server.open_page(workshop, "127.0.0.1", port, None)
