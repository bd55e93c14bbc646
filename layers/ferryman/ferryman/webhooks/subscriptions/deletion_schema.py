"""The request that deletes many webhooks, and its response."""

from typing import Annotated

from pydantic import AfterValidator, Field

from ferryman.schema import Input, Output, distinct
from ferryman.webhooks.subscriptions.model import Deletion


class DeletionIn(Input):
    """The webhooks to delete."""

    ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]],
        Field(min_length=1, max_length=100),
        AfterValidator(distinct),
    ] = Field(description="The ids of the webhooks, each once.")


class DeletionOut(Output):
    """The result for one webhook."""

    id: str
    status: Deletion = Field(
        description="`not_found`: you see no webhook with this id. `conflict`: another request was changing the "
        "webhook, and it is not deleted; send its id again."
    )


class DeletionsOut(Output):
    """The result for each webhook, in the order of the request."""

    results: list[DeletionOut]
