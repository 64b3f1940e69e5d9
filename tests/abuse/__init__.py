"""Bad input of all kinds, thrown at every script: what is made of it, and what is right afterwards."""
