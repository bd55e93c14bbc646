"""Every exception of the package, named after what the caller must do.

FerrymanError
├── NotFound            the thing does not exist, or not in this workspace; http answers 404 to both
├── Conflict            somebody else changed it first, or the name is taken; http answers 409
├── Invalid             what was sent cannot be accepted; the message says how to fix it; http answers 422
├── NotAllowed          the caller is known but may not do this; http answers 403
│   └── PlanRequired           the workspace's plan does not include it; nobody in the workspace can help that
├── NotAuthenticated    the caller is not known; http answers 401
│   └── SecondFactorRequired   the password was right; send the code of the second factor too
├── TooManyAttempts     wait as many seconds as it says; http answers 429
│   └── TooManyRequests        the sender is quicker than the deployment allows
├── AlreadyDone         an Idempotency-Key was seen before with the same request; http replays the answer
├── RetryLater          our own infrastructure failed; nothing was spent, the same call may be repeated
└── Misconfigured       the deployment is wrong; the message names the setting and where it is set

A call to AWS that fails raises botocore's exceptions; `aws.failures` tells which of them pass.
Storage raises NotFound and Conflict; only `ferryman.http` knows status codes. A customer's receiver that
fails is data (`outbound.outcomes`), never an exception.
"""

from collections.abc import Mapping


class FerrymanError(Exception):
    """The root of the tree; its text is safe to show to the caller and never contains a secret."""

    problem: str | None = None  # names the problem where its status does not say enough
    members: Mapping[str, str] = {}  # what the problem says besides, by name (RFC 9457 section 3.2)


class NotFound(FerrymanError):
    pass


class Conflict(FerrymanError):
    pass


class Invalid(FerrymanError):
    """The request cannot be accepted. `field` is a JSON pointer to the part that is wrong.

    `errors` names every wrong part as (pointer, what is wrong) when there is more to say than the message.
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


class AlreadyDone(FerrymanError):
    """The request was carried out before under the same Idempotency-Key and created `resource_id`."""

    def __init__(self, resource_id: str) -> None:
        super().__init__("This request was already carried out.")
        self.resource_id = resource_id


class RetryLater(FerrymanError):
    pass


class Misconfigured(FerrymanError):
    pass
