"""Show the toolkit as a page in the browser. May import studio and below. Start with `server.py`."""
