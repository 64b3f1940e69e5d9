"""Paint: arrays in, arrays out; no files, no segmentation. May import networks and below. Start with `painting.py`."""
