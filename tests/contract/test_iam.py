"""IAM: the role of each function allows exactly the actions that its code needs."""

import pytest

from tests.support import guard, reach, template

FUNCTIONS = template.functions()
BUCKETS = template.resources("AWS::S3::Bucket")
GLOBAL = template.load()["Globals"]["Function"]
LOG_VERBS = ("CreateLogStream", "PutLogEvents")
QUEUE_VERBS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
STREAM_VERBS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_every_function_has_a_role_of_its_own(folder: str) -> None:
    """The role is written out in the template.

    SAM would create one that reads all queues and streams of the account.
    """
    function = FUNCTIONS[folder]
    name = f"{function['LogicalId']}Role"
    assert function["Role"] == {"Fn::GetAtt": [name, "Arn"]}
    assert not {"Role", "Policies"} & set(GLOBAL)
    assert "Policies" not in function
    assert function["Description"]
    role = template.resources("AWS::IAM::Role")[name]["Properties"]
    assert set(role) == {"AssumeRolePolicyDocument", "Policies"}, f"{folder}: write the exact verbs"
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert all(statement["Effect"] == "Allow" for statement in template.statements(folder))


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_no_function_may_scan_or_do_more_than_it_names(folder: str) -> None:
    for action, resource in guard.allowed(folder):
        assert "*" not in action, f"{folder}: {action}"
        objects = [f"{bucket}/*" for bucket in BUCKETS]  # the only way to name them
        assert "*" not in resource or resource in objects, f"{folder}: {action} on {resource}"
        assert action not in ("dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:DeleteTable")
        assert ":" in action
        assert not action.startswith("iam:")


def _context_of(action: str) -> dict[str, dict[str, str]]:
    """The functions that may do `action` with the key for secrets, each with the encryption context it must name."""
    pair = (action, "SecretsKey")
    return {folder: guard.contexts(folder).get(pair, {}) for folder in FUNCTIONS if pair in guard.allowed(folder)}


def test_only_the_deliverer_reads_signing_secrets() -> None:
    assert _context_of("kms:Decrypt") == {
        "deliverer": {},
        "hooks": {"purpose": "sender"},
        "connections": {"purpose": "connection"},
        "leaks": {"purpose": "connection"},
        "messages": {"purpose": "command"},
        "mattermost_integrations": {"purpose": "command"},
    }
    assert not [folder for folder in FUNCTIONS for action, _ in guard.allowed(folder) if action == "kms:ReEncrypt"]


def test_only_what_makes_webhooks_writes_signing_secrets() -> None:
    writing = _context_of("kms:Encrypt")
    for folder in ("incoming_webhooks", "mattermost_bots"):
        assert writing.pop(folder) == {"purpose": "sender"}
    assert writing.pop("commands") == {"purpose": "command"}
    making = {folder for folder in FUNCTIONS if ("dynamodb:PutItem", "WebhooksTable") in guard.allowed(folder)}
    assert writing.keys() <= making
    assert "webhooks" in writing


def test_only_functions_that_sign_people_in_touch_how_they_do() -> None:
    """Only two functions use the hashes of passwords and the second factors, and neither decrypts with another key."""
    allowed = {folder: guard.allowed(folder) for folder in FUNCTIONS}
    # The bootstrap function writes the first owner's invitation, and reads nothing.
    assert {pair for pair in allowed["bootstrap"] if pair[1] == "LoginsTable"} == {
        ("dynamodb:UpdateItem", "LoginsTable")
    }
    del allowed["bootstrap"]
    for resource in ("TotpKey", "LoginsTable", "SignInFailuresTable"):
        touching = {folder for folder in allowed for _, name in allowed[folder] if name == resource}
        assert touching == {"sessions", "mattermost_login"}
    keys = {pair for pair in allowed["sessions"] if pair[0].startswith("kms:")}
    assert keys == {("kms:Encrypt", "TotpKey"), ("kms:Decrypt", "TotpKey")}
    assert {pair for pair in allowed["mattermost_login"] if pair[0].startswith("kms:")} == {("kms:Decrypt", "TotpKey")}


def test_the_audit_log_is_append_only() -> None:
    allowed = {action for folder in FUNCTIONS for action, name in guard.allowed(folder) if name == "AuditTable"}
    assert allowed == {"dynamodb:PutItem", "dynamodb:Query"}
    assert {folder for folder in FUNCTIONS if ("dynamodb:Query", "AuditTable") in guard.allowed(folder)} == {
        "audit",
        "leaks",
    }


def test_the_deliverer_cannot_read_credentials() -> None:
    for folder in ("dispatcher", "deliverer", "dead_letters", "sweeper"):
        assert not [action for action, resource in guard.allowed(folder) if resource == "CredentialsTable"]


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_may_do_what_its_code_does(folder: str) -> None:
    needed, may = _needed_actions(folder), guard.allowed(folder)
    assert needed <= may, f"functions/{folder} calls what template.yaml does not allow it: {sorted(needed - may)}"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_may_do_no_more_than_its_code_does(folder: str) -> None:
    used = {(action, resource.partition("/index/")[0]) for action, resource in _needed_actions(folder)}
    may = {(action, resource.partition("/index/")[0]) for action, resource in guard.allowed(folder)}
    unused = may - used - _needed_by_lambda(folder)
    assert not unused, f"functions/{folder} is allowed what its code never calls: {sorted(unused)}"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_lambda_may_log_for_a_function_and_read_its_events(folder: str) -> None:
    missing = _needed_by_lambda(folder) - guard.allowed(folder)
    assert not missing, f"the role of functions/{folder} does not allow Lambda {sorted(missing)}"


def _needed_by_lambda(folder: str) -> set[tuple[str, str]]:
    """The permissions that Lambda needs in a function's role: for its log, queues, streams and parked batches."""
    function = FUNCTIONS[folder]
    needed = {(f"logs:{verb}", function["LoggingConfig"]["LogGroup"]["Ref"]) for verb in LOG_VERBS}
    for event in function.get("Events", {}).values():
        properties = event["Properties"]
        if event["Type"] == "SQS":
            needed |= {(f"sqs:{verb}", properties["Queue"]["Fn::GetAtt"][0]) for verb in QUEUE_VERBS}
        if event["Type"] == "DynamoDB":
            needed |= {(f"dynamodb:{verb}", f"{properties['Stream']['Fn::GetAtt'][0]}/stream") for verb in STREAM_VERBS}
            bucket = properties["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
            needed |= {("s3:ListBucket", bucket), ("s3:PutObject", f"{bucket}/*")}
    return needed


def _needed_actions(folder: str) -> set[tuple[str, str]]:
    environment = template.own_environment(folder)
    found = set()
    for action, variable, index in reach.needs(folder).actions:
        resource = environment.get(variable, {})
        name = resource.get("Ref", variable) if isinstance(resource, dict) else variable
        if action.startswith("s3:") and action.endswith("Object"):
            name += "/*"
        found.add((action, f"{name}/index/{index}" if index else name))
    return found
