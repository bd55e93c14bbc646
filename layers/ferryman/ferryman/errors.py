"""The exceptions of the package, named after what the caller must do. Modules derive further ones from these.

FerrymanError
├── NotFound            the object does not exist, or not in this workspace; http answers 404
├── Conflict            somebody else changed it first, or the name is taken; http answers 409
├── Invalid             the request cannot be accepted; the message says how to correct it; http answers 422
├── NotAllowed          the caller is known but may not do this; http answers 403
│   ├── PlanRequired           the workspace's plan does not include it; only the operator can change the plan
│   └── EnrolmentRequired      the session can only enrol a second factor
├── NotAuthenticated    the caller is not known; http answers 401
│   └── SecondFactorRequired   the password is right; send the code of the second factor, too
├── TooManyAttempts     wait for the number of seconds in `seconds`; http answers 429
│   └── TooManyRequests        the sender is over the deployment's rate limit
├── RetryLater          our own infrastructure failed; nothing was done, the same call may be repeated; http answers 503
└── Misconfigured       the deployment is wrong; the message names the setting and where it is set

A call to AWS that fails raises botocore's exceptions; `aws.failures` says which of them are temporary. Only
`ferryman.http` and `ferryman.dialects` know status codes. The failure of a customer's receiver is data
(`outbound.outcomes`), not an exception.
"""

from collections.abc import Mapping


class FerrymanError(Exception):
    """The root of the tree. Its text may be shown to the caller, and never contains a secret."""

    problem: str | None = None  # names the problem where its status does not say enough
    members: Mapping[str, str] = {}  # what the problem says besides, by name (RFC 9457 section 3.2)


class NotFound(FerrymanError):
    pass


class Conflict(FerrymanError):
    pass


class Invalid(FerrymanError):
    """The request cannot be accepted. `field` is a JSON pointer to the wrong part.

    `errors` lists all wrong parts as (pointer, mistake), if there are several.
    """

    def __init__(self, message: str, field: str | None = None, errors: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or ([(field, message)] if field else [])


class NotAllowed(FerrymanError):
    pass


class PlanRequired(NotAllowed):
    problem = "plan-required"

    def __init__(self, plan: str, required: str) -> None:
        super().__init__(
            f"This needs the plan {required}, and the workspace has the plan {plan}. The operator of this deployment "
            "can change it. Deleting and revoking need no plan."
        )
        self.members = {"plan": plan, "required_plan": required}


class EnrolmentRequired(NotAllowed):
    problem = "second-factor-enrolment-required"


class NotAuthenticated(FerrymanError):
    pass


class SecondFactorRequired(NotAuthenticated):
    problem = "second-factor-required"


class TooManyAttempts(FerrymanError):
    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts failed. Try again in {seconds} seconds.")
        self.seconds = seconds


class TooManyRequests(TooManyAttempts):
    def __init__(self, seconds: int) -> None:
        FerrymanError.__init__(self, f"Too many requests in this minute. Send this one again in {seconds} seconds.")
        self.seconds = seconds


class RetryLater(FerrymanError):
    pass


class Misconfigured(FerrymanError):
    pass
