"""What bootstrapping takes."""

from ferryman.schema import Email, Input, Name


class BootstrapIn(Input):
    """The first workspace and its owner."""

    workspace_name: Name
    owner_name: Name
    owner_email: Email
