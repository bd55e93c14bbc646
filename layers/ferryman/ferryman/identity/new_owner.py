"""The body of the routes that hand a thing over to somebody else."""

from pydantic import Field

from ferryman import ids
from ferryman.schema import Input


class OwnerIn(Input):
    """The new owner of a thing."""

    user_id: str = Field(
        pattern=ids.pattern(ids.USER),
        description="An active person whose role may have it.",
        examples=["usr_01J00000000000000000000000"],
    )
