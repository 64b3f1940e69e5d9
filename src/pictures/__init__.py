"""Pictures in and out as arrays, and the records inside them. May import files and utils. Start with `images.py`."""
