"""The optional parts of the templates: a domain, WAF, a VPC, backups, and limits that protect the bill.

Each test evaluates the translated template's conditions for given parameters.
"""

import json
from typing import Any

import pytest

from tests.support import translated

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/a"
WEB_ACL = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/ferryman/a"
TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"
NOTHING = {"Ref": "AWS::NoValue"}


class Deployment:
    """A template with parameters: its conditions, its rules, and the resources that it would create."""

    def __init__(self, template: str, **parameters: str) -> None:
        self._document = translated.load(template)
        defaults = {name: str(one.get("Default", "")) for name, one in self._document["Parameters"].items()}
        assert not parameters.keys() - defaults.keys()
        self._parameters = defaults | parameters

    def value(self, what: Any) -> Any:
        """A part of the template with its parameters, conditions and comparisons evaluated."""
        match what:
            case {"Ref": str(name)} if name in self._parameters:
                return self._parameters[name]
            case {"Condition": str(name)} if len(what) == 1:
                return self.value(self._document["Conditions"][name])
            case {"Fn::Equals": [left, right]}:
                return str(self.value(left)) == str(self.value(right))
            case {"Fn::Not": [one]}:
                return not self.value(one)
            case {"Fn::And": several}:
                return all(self.value(one) for one in several)
            case {"Fn::Or": several}:
                return any(self.value(one) for one in several)
            case {"Fn::If": [condition, yes, no]}:
                return self.value(yes if self.value({"Condition": condition}) else no)
            case dict():
                found = {key: self.value(inner) for key, inner in what.items()}
                return {key: inner for key, inner in found.items() if inner != NOTHING}
            case list():
                return [inner for inner in map(self.value, what) if inner != NOTHING]
        return what

    def made(self) -> dict[str, dict[str, Any]]:
        """The properties of the resources that this deployment has, by logical id."""
        return {
            name: self.value(item.get("Properties", {}))
            for name, item in self._document["Resources"].items()
            if "Condition" not in item or self.value({"Condition": item["Condition"]})
        }

    def refused(self) -> list[str]:
        """The message of each rule that the parameters break. CloudFormation refuses to deploy them."""
        return [
            one["AssertDescription"]
            for rule in self._document["Rules"].values()
            if self.value(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
            for one in rule["Assertions"]
            if not self.value(one["Assert"])
        ]


def release(**parameters: str) -> Deployment:
    return Deployment("template.yaml", **parameters)


def data(**parameters: str) -> Deployment:
    return Deployment("data.yaml", **parameters)


def added(deployment: Deployment, template: str = "template.yaml") -> set[str]:
    return set(deployment.made()) - set(Deployment(template).made())


# --- rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "refused"),
    [
        ({}, False),
        ({"EnvironmentName": "prod"}, True),
        ({"EnvironmentName": "prod", "AlarmEmail": "ops@example.com"}, False),
        ({"EnvironmentName": "prod", "AlarmTopicArn": TOPIC}, False),
        ({"EnvironmentName": "prod", "AlarmEmail": "nobody"}, False),
        ({"AlarmEmail": "ops@example.com", "AlarmTopicArn": TOPIC}, True),
        ({"DomainName": "hooks.example.com"}, True),
        ({"DomainName": "hooks.example.com", "HostedZoneId": "Z1"}, False),
        ({"DomainName": "hooks.example.com", "CertificateArn": CERTIFICATE}, False),
        ({"WebAclArn": WEB_ACL}, True),
        ({"WebAclArn": WEB_ACL, "DomainName": "hooks.example.com", "HostedZoneId": "Z1"}, True),
        ({"WebAclArn": WEB_ACL, "DomainName": "hooks.example.com", "CertificateArn": CERTIFICATE}, False),
        ({"AllowedNetworks": "10.0.0.0/8"}, True),
        ({"AllowedNetworks": "10.0.0.0/8", "EnvironmentName": "local"}, False),
        ({"AllowedNetworks": "10.0.0.0/8", "SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1"}, False),
        ({"SubnetIds": "subnet-1"}, True),
        ({"MonthlyBudgetDollars": "100"}, True),
        ({"MonthlyBudgetDollars": "100", "AlarmEmail": "nobody"}, True),
        ({"MonthlyBudgetDollars": "100", "AlarmTopicArn": TOPIC}, False),
    ],
)
def test_parameters_that_cannot_work_together_are_refused(parameters: dict[str, str], refused: bool) -> None:
    assert bool(release(**parameters).refused()) is refused


# --- a domain -------------------------------------------------------------------------------------------------


def test_without_a_domain_api_gateways_own_address_is_open() -> None:
    assert "ApiDomain" not in release().made()
    assert _closed(release()) is False


def test_a_domain_brings_its_certificate_and_record_and_closes_the_other_address() -> None:
    deployment = release(DomainName="hooks.example.com", HostedZoneId="Z1")
    assert added(deployment) == {"Certificate", "ApiDomain", "ApiMapping", "ApiRecord"}
    assert deployment.made()["ApiDomain"]["DomainNameConfigurations"][0]["SecurityPolicy"] == "TLS_1_2"
    assert _closed(deployment) is True


def test_a_domain_with_a_certificate_of_its_own_needs_no_zone() -> None:
    deployment = release(DomainName="hooks.example.com", CertificateArn=CERTIFICATE)
    assert added(deployment) == {"ApiDomain", "ApiMapping"}
    assert deployment.made()["ApiDomain"]["DomainNameConfigurations"][0]["CertificateArn"] == CERTIFICATE


def test_a_web_acl_stands_in_front_of_everything() -> None:
    deployment = release(
        DomainName="hooks.example.com", CertificateArn=CERTIFICATE, WebAclArn=WEB_ACL, HostedZoneId="Z1"
    )
    assert added(deployment) == {"Distribution", "DistributionRecord"}
    config = deployment.made()["Distribution"]["DistributionConfig"]
    assert config["WebACLId"] == WEB_ACL
    assert set(config["DefaultCacheBehavior"]["AllowedMethods"]) >= {"POST", "PUT", "PATCH", "DELETE"}
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "https-only"
    assert _closed(deployment) is False, "CloudFront reaches the API by that address"


def _closed(deployment: Deployment) -> Any:
    (server,) = deployment.made()["Api"]["Body"]["servers"]
    return server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]


@pytest.mark.parametrize(
    ("parameters", "hosts"),
    [
        ({"OwnHosts": "internal.example.com"}, "internal.example.com"),
        ({"DomainName": "hooks.example.com"}, "hooks.example.com"),
        ({"DomainName": "hooks.example.com", "OwnHosts": "b.example.com"}, {"Fn::Sub": "${DomainName},${OwnHosts}"}),
    ],
)
def test_no_webhook_may_call_the_domain(parameters: dict[str, str], hosts: Any) -> None:
    made = release(**parameters).made()
    told = [
        item["Environment"]["Variables"]["OWN_HOSTS"]
        for item in made.values()
        if "OWN_HOSTS" in item.get("Environment", {}).get("Variables", {})
    ]
    assert len(told) >= 4
    assert all(one == hosts for one in told)


def test_urls_of_incoming_webhooks_carry_the_domain() -> None:
    made = release(DomainName="hooks.example.com").made()
    variables = made["IncomingWebhooksFunction"]["Environment"]["Variables"]
    assert variables["PUBLIC_URL"] == {"Fn::Sub": "https://${DomainName}"}


# --- a VPC ----------------------------------------------------------------------------------------------------


def test_only_what_calls_strangers_is_in_the_vpc() -> None:
    deployment = release(SubnetIds="subnet-1,subnet-2", SecurityGroupIds="sg-1")
    assert added(deployment) == {"VpcPolicy"}
    assert {name for name, item in deployment.made().items() if "VpcConfig" in item} == {"DelivererFunction"}
    assert not [name for name, item in release().made().items() if "VpcConfig" in item]
    assert deployment.made()["VpcPolicy"]["Roles"] == [{"Ref": "DelivererFunctionRole"}]


# --- the bill -------------------------------------------------------------------------------------------------


def test_a_budget_writes_to_the_address_of_the_alarms() -> None:
    mailed = release(MonthlyBudgetDollars="100", AlarmEmail="ops@example.com")
    published = release(MonthlyBudgetDollars="100", AlarmTopicArn=TOPIC)
    for deployment, subscriber in (
        (mailed, {"SubscriptionType": "EMAIL", "Address": "ops@example.com"}),
        (published, {"SubscriptionType": "SNS", "Address": TOPIC}),
    ):
        budget = deployment.made()["Budget"]
        assert budget["Budget"]["BudgetLimit"] == {"Amount": "100", "Unit": "USD"}
        assert [one["Subscribers"] for one in budget["NotificationsWithSubscribers"]] == [[subscriber]] * 2
    assert "Budget" not in release().made()


def test_a_table_takes_no_more_than_it_is_allowed() -> None:
    tables = translated.resources("data.yaml", "AWS::DynamoDB::Table")
    limited = data(MaxWriteUnits="1000").made()
    assert {json.dumps(limited[name]["OnDemandThroughput"]) for name in tables} == {'{"MaxWriteRequestUnits": "1000"}'}
    assert not [name for name in tables if "OnDemandThroughput" in data().made()[name]]


# --- backups and keys -----------------------------------------------------------------------------------------


def test_backups_hold_every_table_that_somebody_would_restore() -> None:
    deployment = data(BackupDays="90")
    assert added(deployment, "data.yaml") == {"BackupPlan", "BackupSelection", "BackupRole"}
    selected = {one["Fn::GetAtt"][0] for one in deployment.made()["BackupSelection"]["BackupSelection"]["Resources"]}
    restorable = {
        name
        for name, item in translated.resources("data.yaml", "AWS::DynamoDB::Table").items()
        if item["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    }
    assert selected == restorable
    (statement, *_) = deployment.made()["BackupRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert {one["Fn::GetAtt"][0] for one in statement["Resource"]} == restorable
    (rule,) = deployment.made()["BackupPlan"]["BackupPlan"]["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": "90"}
    assert "CopyActions" not in rule
    vault = "arn:aws:backup:eu-west-1:111122223333:backup-vault:copies"
    (rule,) = data(BackupDays="90", BackupCopyVaultArn=vault).made()["BackupPlan"]["BackupPlan"]["BackupPlanRule"]
    assert [one["DestinationBackupVaultArn"] for one in rule["CopyActions"]] == [vault]


def test_keys_can_have_replicas_and_a_restore_can_bring_its_own() -> None:
    """A single-Region key cannot become a multi-Region key, and data that it encrypted cannot be read without it."""
    keys = {name for name, item in translated.resources("data.yaml", "AWS::KMS::Key").items()}
    assert keys == {"SecretsKey", "TotpKey"}
    arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1"
    for key in keys:
        assert data().made()[key]["MultiRegion"] is True
        assert data().made()[key]["EnableKeyRotation"] is True
        restored = data(**{f"{key}Arn": arn})
        assert key not in restored.made()
        outputs = translated.load("data.yaml")["Outputs"]
        assert {restored.value(outputs[name]["Value"]) for name in (key, f"{key}Arn")} == {arn}
