"""The embedded stack: Ferryman's real template on MiniStack, a local AWS in one process. See `make help`."""
