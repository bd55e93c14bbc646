"""Cascades: everything else that ends, or begins again, when a chat closes or a person changes.

Each resource changes its own tables. The modules here bring the change into the resources that depend on it, before the
request is answered. The first of two edits at the same moment can come here last, so each function looks whether it
still has the newest state, and starts over if it does not. `bots.service.follow` does the same for a bot.
"""
