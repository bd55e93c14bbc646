"""Uses outgoing webhooks, commands and buttons with each client of Mattermost's API, and prints the client's name.

Runs in the folder where the clients are installed: `integrations.py <api url> <token> <channel id> <url of commands>
<url of outgoing webhooks> <url of actions> <team id>`.
"""

import json
import sys
from urllib.parse import urlsplit

from mattermost import MMApi
from mattermostautodriver import TypedDriver
from mattermostautodriver.exceptions import (  # type: ignore[import-not-found]
    InvalidOrMissingParameters,
    ResourceNotFound,
)
from mattermostdriver import Driver

api, token, channel, commands, outgoing, actions, team_id = sys.argv[1:]
parts = urlsplit(api)
options = {"scheme": parts.scheme, "url": parts.hostname, "port": parts.port, "token": token, "verify": False}


def hook_of(name: str, team: str) -> dict[str, object]:
    words = {"display_name": name, "trigger_words": [name], "callback_urls": [outgoing]}
    return {"team_id": team, "channel_id": channel, **words}


def autodriver() -> None:
    driver = TypedDriver(options)
    driver.login()
    team = driver.teams.get_teams_for_user("me")[0]["id"]
    hook = driver.webhooks.create_outgoing_webhook(**hook_of("auto", team))
    assert len(hook["token"]) == 26
    assert driver.webhooks.get_outgoing_webhook(hook["id"])["trigger_words"] == ["auto"]
    assert hook["id"] in [one["id"] for one in driver.webhooks.get_outgoing_webhooks(team_id=team)]
    driver.webhooks.regen_outgoing_hook_token(hook["id"])
    made = driver.commands.create_command(team_id=team, method="P", trigger="auto-deploy", url=commands)
    assert len(driver.commands.regen_command_token(made["id"])["token"]) == 26
    ran = driver.commands.execute_command(channel_id=channel, command="/auto-deploy now")
    assert (ran["response_type"], ran["text"]) == ("in_channel", "Deploying")
    try:
        driver.commands.execute_command(channel_id=channel, command="/unknown-to-all")
    except ResourceNotFound as error:
        assert "not found" in str(error)
    try:
        driver.commands.create_command(team_id=team, method="P", trigger="help", url=commands)
    except InvalidOrMissingParameters as error:
        assert "already in use" in str(error)
    button = {"id": "go", "name": "Go", "integration": {"url": actions, "context": {}}}
    post = driver.posts.create_post(
        channel_id=channel, message="Ready?", props={"attachments": [{"text": "box", "actions": [button]}]}
    )
    assert driver.posts.do_post_action(post["id"], "go")["status"] == "OK"
    driver.commands.delete_command(made["id"])
    driver.posts.create_post(channel_id=channel, message="auto says so")


def older_driver() -> None:
    driver = Driver({**options, "basepath": "/api/v4"})
    driver.login()
    team = driver.teams.get_user_teams("me")[0]["id"]
    hook = driver.webhooks.create_outgoing_hook(hook_of("old", team))
    driver.webhooks.regenerate_token_outgoing_hook(hook["id"])
    assert [one["id"] for one in driver.webhooks.list_outgoing_hooks({"team_id": team})].count(hook["id"]) == 1
    driver.posts.create_post({"channel_id": channel, "message": "old says so"})


def bindings() -> None:
    mm = MMApi(f"{api.rstrip('/')}/api")
    mm.login(bearer=token)
    hook = mm.create_outgoing_hook(team_id, "bindings", ["bindings"], [outgoing], channel_id=channel)
    assert hook["trigger_words"] == ["bindings"]
    made = mm.create_slash_command(team_id, "bindings-deploy", commands)
    assert made["trigger"] == "bindings-deploy"
    mm.create_post(channel, "bindings says so")


for name, use in (("mattermostautodriver", autodriver), ("mattermostdriver", older_driver), ("mattermost", bindings)):
    use()
    sys.stdout.write(json.dumps(name) + "\n")
    sys.stdout.flush()
