"""How all scripts behave: options, errors, stops, locks, places. May import files and utils. Start with `options.py`."""
