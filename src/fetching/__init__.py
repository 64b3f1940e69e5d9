"""Download data sets and unpack them safely. May import files and utils. Start with `sets.py`."""
