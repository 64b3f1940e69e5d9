"""Build, load, save and train networks on this machine. May import fetching, command, pictures. Start with `vgg.py`."""
