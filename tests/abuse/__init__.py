"""Give every script bad input of all kinds, and check how it ends."""
