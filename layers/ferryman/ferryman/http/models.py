"""The shape of an error answer, for the OpenAPI document."""

from pydantic import BaseModel, ConfigDict, Field

from ferryman.identity.plans import Plan


class FieldProblem(BaseModel):
    """One mistake in a request."""

    model_config = ConfigDict(title="FieldProblem", defer_build=True)
    pointer: str = Field(description="A JSON pointer into the body, or the name of a parameter.")
    detail: str = Field(description="The mistake.")


class Problem(BaseModel):
    """An error, as RFC 9457 defines it."""

    model_config = ConfigDict(title="Problem", defer_build=True)
    type: str = Field(description="A stable URI for the kind of error.", examples=["urn:ferryman:problem:not-found"])
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(description="The mistake, and what to do.", examples=["This chat does not exist."])
    request_id: str = Field(description="The same as X-Request-Id. Quote it when you ask for help.")
    plan: Plan | None = Field(None, description="For `plan-required` (403): the plan that the workspace has.")
    required_plan: Plan | None = Field(None, description="For `plan-required` (403): the plan that the request needs.")
    errors: list[FieldProblem] | None = Field(None, description="Each mistake (422 only).")
