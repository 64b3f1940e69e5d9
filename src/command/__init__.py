"""How all scripts behave: options, errors, stops, locks. May import files and utils. Start with `options.py`."""
