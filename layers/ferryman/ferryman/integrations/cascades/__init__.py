"""Cascades: change what depends on a chat, a person or a workspace that was edited, such as a closed chat's webhooks.

Each resource changes its own tables. The modules here then change the dependent resources, before the request is
answered. Two edits at the same time can arrive here in the wrong order. So the functions for chats and people read the
edited row again afterwards, and start again if it has changed. `bots.service.follow` does the same for a bot.
"""
