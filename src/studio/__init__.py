"""Turn a request into finished pictures on disk. May import style, segmentation and below. Start with `studio.py`."""
