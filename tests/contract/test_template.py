"""Promises of the templates about every queue, table, function, permission and parameter, including future ones."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ferryman.conversations.messages import table as messages
from ferryman.pipeline.lost_messages import receipts, walk

from tests.support import guard, reach, template

FUNCTIONS = template.functions()
QUEUES = template.resources("AWS::SQS::Queue")
BUCKETS = template.resources("AWS::S3::Bucket")
TABLES = template.resources("AWS::DynamoDB::Table")
LOG_GROUPS = template.resources("AWS::Logs::LogGroup")
PARAMETERS: dict[str, dict[str, Any]] = template.deployed()["Parameters"]
GLOBAL: dict[str, Any] = template.load()["Globals"]["Function"]
DAY = 86_400


def timeout(folder: str) -> int:
    return int(FUNCTIONS[folder].get("Timeout", GLOBAL["Timeout"]))


def events(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event sources of one type, as (function, properties)."""
    for folder, function in FUNCTIONS.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == kind:
                yield folder, event["Properties"]


def dead_letter_target(queue: str) -> str | None:
    redrive = QUEUES[queue]["Properties"].get("RedrivePolicy")
    return str(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]) if redrive else None


DEAD_LETTERS = {target for queue in QUEUES if (target := dead_letter_target(queue))}


# --- queues -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_has_dead_letters_or_is_the_place_for_them(queue: str) -> None:
    consumed = {properties["Queue"]["Fn::GetAtt"][0] for _, properties in events("SQS")}
    assert queue in consumed, f"{queue} is read by nobody"
    assert queue in DEAD_LETTERS or dead_letter_target(queue), f"{queue} needs a RedrivePolicy"


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if dead_letter_target(queue)])
def test_one_attempt_and_three_retries_then_the_dead_letters(queue: str) -> None:
    properties = QUEUES[queue]["Properties"]
    assert properties["RedrivePolicy"]["maxReceiveCount"] == 4
    target = QUEUES[dead_letter_target(queue) or ""]["Properties"]
    # A message's age counts from the first send, so the dead letters must be kept longer.
    assert target["MessageRetentionPeriod"] > properties["MessageRetentionPeriod"]


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_is_encrypted_and_survives_a_deleted_stack(queue: str) -> None:
    assert QUEUES[queue]["Properties"]["SqsManagedSseEnabled"] is True
    assert QUEUES[queue]["DeletionPolicy"].startswith("Retain")
    assert QUEUES[queue]["UpdateReplacePolicy"] == "Retain"
    assert QUEUES[queue]["Properties"]["MessageRetentionPeriod"] >= 4 * DAY


@pytest.mark.parametrize("queue", sorted(DEAD_LETTERS))
def test_dead_letters_are_kept_for_two_weeks(queue: str) -> None:
    assert QUEUES[queue]["Properties"]["MessageRetentionPeriod"] == 14 * DAY


def test_no_queue_takes_plain_http() -> None:
    covered = set()
    for policy in template.resources("AWS::SQS::QueuePolicy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                assert (statement["Principal"], statement["Action"], statement["Resource"]) == ("*", "sqs:*", "*")
                covered |= {queue["Ref"] for queue in policy["Properties"]["Queues"]}
    assert covered == set(QUEUES)


@pytest.mark.parametrize(("folder", "properties"), [pytest.param(*event, id=event[0]) for event in events("SQS")])
def test_a_queue_hides_a_message_for_six_times_as_long_as_its_function_may_run(
    folder: str, properties: dict[str, Any]
) -> None:
    queue = QUEUES[properties["Queue"]["Fn::GetAtt"][0]]["Properties"]
    window = properties.get("MaximumBatchingWindowInSeconds", 0)
    assert queue["VisibilityTimeout"] >= 6 * timeout(folder) + window
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BatchSize"] <= 10 or window >= 1


# --- streams ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("folder", "properties"), [pytest.param(*event, id=event[0]) for event in events("DynamoDB")])
def test_a_poison_record_neither_blocks_a_stream_nor_is_lost(folder: str, properties: dict[str, Any]) -> None:
    assert properties["StartingPosition"] == "TRIM_HORIZON"  # LATEST can miss what comes while it is made
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    assert 0 < properties["MaximumRetryAttempts"] <= 10
    assert 60 <= properties["MaximumRecordAgeInSeconds"] <= 21_600
    # Only a bucket is sent the records; a queue gets their sequence numbers, which are worth nothing after a day.
    destination = properties["DestinationConfig"]["OnFailure"]
    assert destination["Type"] == "S3"
    assert destination["Destination"]["Fn::GetAtt"][0] in BUCKETS
    for one in properties.get("FilterCriteria", {}).get("Filters", []):
        assert json.loads(one["Pattern"])


def test_the_sweeper_stays_behind_everything_that_is_still_being_stored() -> None:
    """The sweeper looks only at messages so old that every function has stored them by then.

    The distance covers the slowest function that stores messages, the oldest id that it may store without the mark, and
    the difference of two clocks. Functions that dispatch store replies, which have the mark from the beginning.
    """
    storing = {folder for folder in FUNCTIONS if ("dynamodb:PutItem", "MessagesTable") in guard.allowed(folder)}
    storing -= {"dispatcher", "sweeper", "unpark"}
    assert {"hooks", "messages", "fchat"} <= storing
    clocks = 60
    slowest = max(timeout(folder) for folder in storing)
    assert messages.PROMPT_SECONDS + slowest + clocks <= walk.SOON.behind_seconds
    signed = 900  # seconds for which AWS takes a signed request
    assert signed + clocks < walk.AGAIN.behind_seconds


def test_receipts_outlive_what_asks_for_them() -> None:
    (rule,) = BUCKETS["ParkedBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] * DAY < receipts.KEPT_SECONDS


MESSAGE = {"chat": {"S": "w/c"}, "message_id": {"S": "m"}, "created_at": {"S": "t"}, "revision": {"N": "1"}}


@pytest.mark.parametrize(
    ("name", "image", "invokes"),
    [
        ("INSERT", MESSAGE, True),
        ("INSERT", {**MESSAGE, "undispatched": {"S": "1"}}, True),
        ("MODIFY", {**MESSAGE, "undispatched": {"S": "1"}}, False),
        ("MODIFY", {**MESSAGE, "text": {"S": "edited"}}, False),
        ("INSERT", {"chat": {"S": "w/buttons/m"}, "message_id": {"S": "m"}, "chat_id": {"S": "c"}}, False),
        ("REMOVE", None, False),
    ],
)
def test_new_messages_invoke_the_dispatcher_and_nothing_else_does(name: str, image: Any, invokes: bool) -> None:
    (pattern,) = [filter_ for table, _, filter_ in template.streams() if table == "MessagesTable"]
    change = {"NewImage": image} if image else {}
    assert template.passes(pattern, {"eventName": name, "dynamodb": change}) is invokes


# --- buckets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bucket", BUCKETS)
def test_every_bucket_is_private_encrypted_and_survives_a_deleted_stack(bucket: str) -> None:
    properties = BUCKETS[bucket]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")
    assert "BucketName" not in properties  # or two deployments in one account would collide
    assert BUCKETS[bucket]["DeletionPolicy"].startswith("Retain")
    assert BUCKETS[bucket]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_bucket_keeps_parked_records_for_two_weeks_and_no_longer(bucket: str) -> None:
    """Parked records contain people's texts. Versioning is off, because old versions would be kept longer."""
    properties = BUCKETS[bucket]["Properties"]
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 14)
    assert not {"Prefix", "TagFilters"} & set(rule), "the rule must be for everything"
    assert "VersioningConfiguration" not in properties


@pytest.mark.parametrize("bucket", BUCKETS)
def test_no_bucket_takes_plain_http(bucket: str) -> None:
    (policy,) = [
        policy
        for policy in template.resources("AWS::S3::BucketPolicy").values()
        if policy["Properties"]["Bucket"] == {"Ref": bucket}
    ]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}]


# --- tables -----------------------------------------------------------------------------------------------


# Nobody would restore these: their items only matter for minutes or hours, or are a log.
THROWN_AWAY = {"ReceiptsTable", "IdempotencyTable", "SignInFailuresTable", "RatesTable", "ApplicationRequestsTable"}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_paid_by_use_and_restorable_if_somebody_would_restore_it(table: str) -> None:
    properties = TABLES[table]["Properties"]
    restorable = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert restorable is (table not in THROWN_AWAY)
    assert restorable or properties["TimeToLiveSpecification"]["Enabled"]
    assert "TableName" not in properties  # or two deployments in one account would collide


@pytest.mark.parametrize("table", TABLES)
def test_no_table_is_deleted_by_accident(table: str) -> None:
    assert TABLES[table]["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}
    assert TABLES[table]["DeletionPolicy"].startswith("Retain")
    assert TABLES[table]["UpdateReplacePolicy"] == "Retain"
    assert template.load("data.yaml")["Conditions"]["IsProtected"] == {
        "Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]
    }


@pytest.mark.parametrize("table", TABLES)
def test_a_table_expires_items_by_one_attribute_only(table: str) -> None:
    expiry = TABLES[table]["Properties"].get("TimeToLiveSpecification")
    assert expiry is None or expiry == {"AttributeName": "expires_at_epoch", "Enabled": True}


# --- functions --------------------------------------------------------------------------------------------


def test_every_folder_is_a_function_and_every_function_a_folder() -> None:
    folders = {path.parent.name for path in (template.ROOT / "functions").glob("*/*/handler.py")}
    assert set(FUNCTIONS) == folders


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_every_function_has_a_log_group_of_its_own_with_an_end(folder: str) -> None:
    group = FUNCTIONS[folder]["LoggingConfig"]["LogGroup"]["Ref"]
    sharing = [name for name, other in FUNCTIONS.items() if other["LoggingConfig"]["LogGroup"]["Ref"] == group]
    assert sharing == [folder]
    properties = LOG_GROUPS[group]["Properties"]
    assert properties["LogGroupName"] == {"Fn::Sub": f"/ferryman/${{AWS::StackName}}/{folder}"}
    assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("group", LOG_GROUPS)
def test_no_log_is_kept_for_ever(group: str) -> None:
    assert "RetentionInDays" in LOG_GROUPS[group]["Properties"]


# Nothing limits how long these grow: their items are things that somebody made and can remove.
KEPT_FOR_EVER = {
    "ConnectionsTable",
    "CommandsTable",
    "WorkspacesTable",
    "UsersTable",
    "EmailsTable",
    "LoginsTable",
    "TokensTable",
    "ChatsTable",
    "IncomingWebhooksTable",
    "WebhooksTable",
    "SubscriptionsTable",
}


def test_items_written_by_traffic_expire() -> None:
    expiring = {name for name, item in TABLES.items() if "TimeToLiveSpecification" in item["Properties"]}
    assert set(TABLES) - expiring == KEPT_FOR_EVER


@pytest.mark.parametrize("name", ["MessageRetentionDays", "AuditRetentionDays"])
def test_messages_and_the_audit_log_are_kept_for_400_days_unless_somebody_says_otherwise(name: str) -> None:
    assert (PARAMETERS[name]["Default"], PARAMETERS[name]["MinValue"]) == (400, 0)


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_lines_and_metrics_of_a_function_name_it(folder: str) -> None:
    assert FUNCTIONS[folder]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == folder
    assert GLOBAL["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {
        "Fn::Sub": "Ferryman/${AWS::StackName}"
    }


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_has_every_setting_that_its_code_reads(folder: str) -> None:
    missing = reach.needs(folder).variables - {*template.own_environment(folder), *GLOBAL["Environment"]["Variables"]}
    assert not missing, f"template.yaml: set {sorted(missing)} under {FUNCTIONS[folder]['LogicalId']}"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_function_has_no_setting_that_its_code_does_not_read(folder: str) -> None:
    unused = set(template.own_environment(folder)) - reach.needs(folder).variables
    assert not unused, f"template.yaml: {sorted(unused)} under {FUNCTIONS[folder]['LogicalId']} is never read"


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_a_setting_says_the_same_in_every_function(folder: str) -> None:
    for name, value in template.own_environment(folder).items():
        others = {json.dumps(template.own_environment(other).get(name, value)) for other in FUNCTIONS}
        assert others == {json.dumps(value)}, f"{name} differs between functions"
        if name.endswith("_TABLE"):
            assert value["Ref"].removesuffix("Table").lower() == name.removesuffix("_TABLE").replace("_", "").lower()


def test_deliveries_cannot_starve_the_api_where_it_reserves_concurrency() -> None:
    """Reserving is off by default, because a new account has ten concurrent executions in all."""
    assert PARAMETERS["ApiReservedConcurrency"]["Default"] == 0
    assert template.load()["Conditions"]["ReservesConcurrency"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ApiReservedConcurrency"}, 0]}]
    }
    reserved = {"Fn::If": ["ReservesConcurrency", {"Ref": "ApiReservedConcurrency"}, {"Ref": "AWS::NoValue"}]}
    reserving = {name for name, one in FUNCTIONS.items() if one.get("ReservedConcurrentExecutions") == reserved}
    assert reserving == {folder for folder, _ in events("HttpApi")}
    assert not [name for name in set(FUNCTIONS) - reserving if "ReservedConcurrentExecutions" in FUNCTIONS[name]]


@pytest.mark.parametrize("folder", sorted({folder for folder, _ in events("HttpApi")}))
def test_a_function_answers_before_api_gateway_gives_up(folder: str) -> None:
    assert timeout(folder) < 30


def test_an_attempt_fits_into_the_deliverers_time() -> None:
    """All attempts of a batch start at once.

    The timeout covers the longest one, and then the writing of the outcomes.
    """
    assert timeout("deliverer") >= PARAMETERS["AttemptTimeoutSeconds"]["MaxValue"] + 12


# --- the API ----------------------------------------------------------------------------------------------


def test_the_access_log_knows_no_paths() -> None:
    """The path of an incoming webhook is a secret, and a query string can contain one."""
    (api,) = template.resources("AWS::Serverless::HttpApi").values()
    logged = set(re.findall(r"\$context\.[\w.]+", api["Properties"]["AccessLogSettings"]["Format"]))
    harmless = {
        "$context.requestId",
        "$context.routeKey",
        "$context.status",
        "$context.identity.sourceIp",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.responseLength",
        "$context.integrationErrorMessage",
        "$context.error.message",
    }
    assert {"$context.requestId", "$context.routeKey", "$context.status"} <= logged <= harmless


def test_the_access_log_is_json() -> None:
    (api,) = template.resources("AWS::Serverless::HttpApi").values()
    assert isinstance(json.loads(api["Properties"]["AccessLogSettings"]["Format"]), dict)


def test_unknown_routes_are_answered_by_the_reference() -> None:
    assert template.routes()["$default"] == "reference"
    assert len(template.routes()) == len(list(events("HttpApi"))), "two functions claim the same route"
    assert len(template.routes()) <= 300  # API Gateway's limit


def test_no_other_site_is_let_in_by_cors() -> None:
    """With a CORS configuration, API Gateway would answer preflight requests itself, before the functions."""
    (api,) = template.resources("AWS::Serverless::HttpApi").values()
    assert "CorsConfiguration" not in api["Properties"]


def test_requests_a_second_are_bounded() -> None:
    """All routes have a limit, and routes that hash a password or wait for a receiver have a lower one."""
    (api,) = template.resources("AWS::Serverless::HttpApi").values()
    every = api["Properties"]["DefaultRouteSettings"]
    assert 0 < every["ThrottlingRateLimit"] <= every["ThrottlingBurstLimit"] <= 5_000
    costly = api["Properties"]["RouteSettings"]
    waiting = {key for key in template.routes() if key.endswith("/send")}
    assert len(waiting) == 2
    assert set(costly) == {"POST /v1/sessions", "POST /v1/invitations/accept", *waiting}
    assert all(one["ThrottlingRateLimit"] <= one["ThrottlingBurstLimit"] <= 100 for one in costly.values())


def test_no_answer_of_an_authorizer_is_remembered() -> None:
    """A cached answer of an authorizer would let a revoked token in."""
    assert "Auth" not in json.dumps(template.resources("AWS::Serverless::HttpApi"))
    assert not [folder for folder, properties in events("HttpApi") if "Auth" in properties]
