"""Uses Mattermost's API with each client, and prints each result as a line of JSON.

Runs in the folder where the clients are installed: `api.py <url> <address> <password> <team> <channel id>`.
"""

import json
import sys
from urllib.parse import urlsplit

import mattermost
import mattermostautodriver
import mattermostdriver

url, address, password, team_name, channel_id = sys.argv[1:]
parts = urlsplit(url)
OPTIONS = {"scheme": parts.scheme, "url": parts.hostname, "port": parts.port}


def mattermostautodriver_() -> dict[str, object]:
    driver = mattermostautodriver.TypedDriver({**OPTIONS, "login_id": address, "password": password})
    driver.login()
    me = driver.users.get_user("me")
    post = driver.posts.create_post(channel_id=channel_id, message="mattermostautodriver")
    patched = driver.posts.patch_post(post_id=post["id"], message="mattermostautodriver, edited")
    hook = driver.webhooks.create_incoming_webhook(channel_id=channel_id, display_name="Builds", username="builds")
    listed = driver.webhooks.get_incoming_webhooks()
    bot = driver.bots.create_bot(username="auto-bot", display_name="Auto")
    token = driver.users.create_user_access_token(user_id=bot["user_id"], description="CI")
    as_bot = mattermostautodriver.TypedDriver({**OPTIONS, "token": token["token"]})
    as_bot.login()
    refused = "nothing"
    try:
        driver.posts.get_post(post_id="0" * 26)
    except mattermostautodriver.exceptions.ResourceNotFound as error:
        refused = type(error).__name__
    return {
        "me": me["email"],
        "edited": patched["message"],
        "read": driver.posts.get_post(post_id=post["id"])["message"],
        "members": len(driver.channels.get_channel_members(channel_id)),
        "listed": listed[0]["display_name"],
        "hook": hook["id"],
        "bot": as_bot.users.get_user("me")["username"],
        "refused": refused,
        "deleted": driver.webhooks.delete_incoming_webhook(hook_id=listed[0]["id"])["status"],
    }


def mattermostdriver_() -> dict[str, object]:
    driver = mattermostdriver.Driver({**OPTIONS, "login_id": address, "password": password})
    driver.login()
    channel = driver.channels.get_channel(channel_id)
    post = driver.posts.create_post({"channel_id": channel_id, "message": "mattermostdriver"})
    hook = driver.webhooks.create_incoming_hook({"channel_id": channel_id, "username": "driver"})
    called = driver.webhooks.call_webhook(hook["id"], {"text": "called by mattermostdriver"})
    team = driver.teams.get_team_by_name(team_name)
    found = driver.channels.get_channel_by_name(team["id"], channel["name"])
    thread = driver.posts.get_thread(post["id"])
    refused = "nothing"
    try:
        driver.channels.get_channel("0" * 26)
    except mattermostdriver.exceptions.NotEnoughPermissions as error:
        refused = type(error).__name__
    return {
        "called": called.text,
        "found": found["id"] == channel_id,
        "thread": thread["order"] == [post["id"]],
        "refused": refused,
        "deleted": driver.posts.delete_post(post["id"])["status"],
    }


def mattermost_() -> dict[str, object]:
    api = mattermost.MMApi(f"{url}/api")
    api.login(address, password)
    me = api.get_user()
    team_id = api._get("/v4/teams/name/" + team_name)["id"]
    channel = api._get("/v4/channels/" + channel_id)
    post = api.create_post(channel_id, "mattermost", props={"from_webhook": "true"})
    return {
        "me": me["email"],
        "channel": api.get_channel_by_name(team_id, channel["name"])["id"] == channel_id,
        "user": api.get_user_by_username(me["username"])["id"] == me["id"],
        "newest": next(iter(api.get_posts_for_channel(channel_id)))["message"],
        "deleted": api.delete_post(post["id"])["status"],
        "logout": api.logout() or "signed out",
    }


for use in (mattermostautodriver_, mattermostdriver_, mattermost_):
    sys.stdout.write(json.dumps([use.__name__.rstrip("_"), use()]) + "\n")
