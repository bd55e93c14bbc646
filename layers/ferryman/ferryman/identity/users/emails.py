"""The table `emails`: (email_hash, workspace_id) → user_id, of every person.

It is read without a workspace: a person signs in with an address, and the table lists the workspaces in which a person
has that address. The table `users` keeps addresses unique within a workspace.
"""

import hashlib

from ferryman.aws import dynamodb as store
from ferryman.identity.users.model import User

TABLE = "emails"


def digest(email: str) -> str:
    return hashlib.sha256(email.casefold().encode()).hexdigest()


def find(email: str) -> list[tuple[str, str]]:
    """The (workspace_id, user_id) of every person with this address, the oldest workspace first."""
    items = store.query_all(TABLE, "email_hash = :email", {":email": digest(email)})
    return [(item["workspace_id"], item["user_id"]) for item in items]


def listing(user: User) -> list[store.Write]:
    """The writes that add a new person under their address; empty if they have no address."""
    if user.email is None:
        return []
    item = {"email_hash": digest(user.email), "workspace_id": user.workspace_id, "user_id": user.user_id}
    return [store.put(TABLE, item)]


def relisting(before: User, after: User) -> list[store.Write]:
    """The writes that move a person from their old address to the new one; empty if it is the same address."""
    if before.email is None or after.email is None or digest(before.email) == digest(after.email):
        return []
    gone = {"email_hash": digest(before.email), "workspace_id": before.workspace_id}
    return [store.delete(TABLE, gone), *listing(after)]
