"""Read and write files safely. May import utils only. Start with `whole.py`."""
