"""Posts with each client to the URLs of a Mattermost and of a Slack webhook, and prints each answer as a line of JSON.

Runs in the folder where the clients are installed: `post.py <url of mattermost> <url of slack>`.
"""

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import slackweb
from matterhook import Webhook
from notifiers import get_notifier
from slacker import Slacker

mattermost, slack = sys.argv[1:]
host, _, secret = mattermost.rpartition("/hooks/")
BOX = {"fallback": "f", "color": "good", "title": "Build 17", "fields": [{"title": "branch", "value": "main"}]}


def slackweb_() -> object:
    return slackweb.Slack(url=slack).notify(text="slackweb", username="bot", attachments=[BOX])


def slacker() -> object:
    sent = {"text": "slacker", "username": "bot", "attachments": [BOX]}
    return Slacker("token", incoming_webhook_url=slack).incomingwebhook.post(sent).text


def notifiers() -> object:
    made = get_notifier("slack").notify(webhook_url=slack, message="notifiers", username="bot", icon_emoji="ship")
    return made.ok


def matterhook() -> object:
    Webhook(host, secret).send("matterhook", username="bot", attachments=[BOX])
    return "sent"


def knockknock() -> object:
    """Run a function whose start and end knockknock's module for Slack posts. Returns the function's result.

    The package itself can only be imported on Windows, so this function imports the module alone.
    """
    found = find_spec("knockknock")
    assert found and found.submodule_search_locations
    package = sys.modules["knockknock"] = ModuleType("knockknock")
    package.__path__ = list(found.submodule_search_locations)
    train = import_module("knockknock.slack_sender").slack_sender(webhook_url=slack, channel="")(lambda: 42)
    return train()


for post in (slackweb_, slacker, notifiers, matterhook, knockknock):
    sys.stdout.write(json.dumps([post.__name__.rstrip("_"), post()]) + "\n")
