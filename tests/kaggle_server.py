"""A small Kaggle on port 7777, where KAGGLE_API_ENVIRONMENT=TEST sends the real client."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "secret-token-0123456789"
NAME, KEY = "some-user", "secret-key-0123456789"
SIGNATURE = "secret-signature-0123456789"


class Kaggle(ThreadingHTTPServer):
    """Serves archives by slug.

    `cuts` bodies end after `stop_after` bytes; with `hold` they wait there instead. A `terse` server hands
    out the archive itself, and says neither its length nor its version. On another port, 0 for one that is free,
    it is any site with archives: `address` tells where they lie, and `encoding` is what it calls them. `elsewhere` is
    what the signed address begins with, and `statuses` of "/storage/<slug>" are for that alone.
    """

    daemon_threads = True

    def __init__(self, port=7777):
        super().__init__(("127.0.0.1", port), Handler)
        self.archives, self.statuses = {}, {}
        self.ranges, self.asked = [], 0
        self.stop_after, self.cuts, self.knows_ranges = 0, 0, True
        self.terse, self.encoding, self.elsewhere = False, None, ""
        self.hold, self.go_on = False, threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self.shutdown()
        self.server_close()

    def address(self, name):
        return f"http://127.0.0.1:{self.server_port}/storage/{name}"

    def handle_error(self, request, client_address):
        pass  # a client that was killed breaks its connection, and that is what the tests want


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        """Kaggle's own part: who asks for what? The archive itself lies elsewhere, under a signed address."""
        self.server.asked += 1
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        slug = f"{wanted['ownerSlug']}/{wanted['datasetSlug']}"
        basic = base64.b64encode(f"{NAME}:{KEY}".encode()).decode()
        if self.headers["Authorization"] not in (f"Bearer {TOKEN}", f"Basic {basic}"):
            self.refuse(401)
        elif slug in self.server.statuses or slug not in self.server.archives:
            self.refuse(self.server.statuses.get(slug, 404))
        elif self.server.terse:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.archives[slug])
        else:
            self.send_response(302)
            self.send_header("Location", f"{self.server.elsewhere}/storage/{slug}?signature={SIGNATURE}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_GET(self):
        name = self.path.removeprefix("/storage/").split("?")[0]
        if f"/storage/{name}" in self.server.statuses:
            return self.refuse(self.server.statuses[f"/storage/{name}"])
        if name in self.server.statuses or name not in self.server.archives:
            return self.refuse(self.server.statuses.get(name, 404))
        content = self.server.archives[name]
        version, first = f'"{hashlib.sha256(content).hexdigest()}"', 0
        wanted = self.headers["Range"]
        if wanted:
            self.server.ranges.append(wanted)
            if self.server.knows_ranges:
                first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if wanted and self.server.knows_ranges else 200)
        self.send_header("ETag", version)
        if self.server.encoding:
            self.send_header("Content-Encoding", self.server.encoding)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.send_body(content[first:], bool(wanted))

    def send_body(self, content, whole_answer):
        server = self.server
        if whole_answer and (server.hold or server.cuts):
            self.wfile.write(content[: server.stop_after])
            if not server.hold:
                server.cuts -= 1
                return
            server.go_on.wait()
            content = content[server.stop_after :]
        self.wfile.write(content)

    def refuse(self, status):
        body = json.dumps({"code": status, "message": f"no, {self.headers['Authorization']}"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
