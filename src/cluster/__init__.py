"""Hand photos to workers on other machines, through Dask. May import command and below. Start with `jobs.py`."""
