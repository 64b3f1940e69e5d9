"""Teach the small networks. May import style, segmentation and what they import. Start with `distillation.py`."""
