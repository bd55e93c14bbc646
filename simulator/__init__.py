"""Runs the real handlers in a simulated cloud, on a fake clock, under every kind of fault. README.md explains it."""
