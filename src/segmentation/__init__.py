"""Find people and things: data, training, masks, scores. May import networks and below. Start with `registry.py`."""
