"""Deploys the real templates to MiniStack, and adds the parts of the deployment that MiniStack does not support.

The parameters, such as the short retries, are in samconfig.toml under `local` and `data-local`.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local import ministack
from tools import build, template
from tools.console import LocalError

STACK_NAME = "ferryman-local"
DATA_STACK_NAME = f"{STACK_NAME}-data"


def deploy_data(root: Path, port: int, parameters: dict[str, str], log: Path) -> None:
    """Run `sam deploy` for data.yaml, whose exports the release imports. Raises LocalError if it fails."""
    _deploy(root, port, DATA_STACK_NAME, "data-local", root / template.DATA, parameters, log)


def deploy(root: Path, port: int, parameters: dict[str, str], log: Path) -> None:
    """Run `sam deploy` for the last build. The caller has to hold the build lock. Raises LocalError if it fails."""
    _deploy(root, port, STACK_NAME, "local", root / build.LOCAL / template.RELEASE, parameters, log)


def _deploy(root: Path, port: int, stack: str, config: str, path: Path, parameters: dict[str, str], log: Path) -> None:
    command = ["sam", "deploy", "--config-file", str(root / "samconfig.toml"), "--config-env", config]
    command += ["--template-file", str(path), "--stack-name", stack, "--region", ministack.REGION]
    command += ["--no-confirm-changeset", "--no-fail-on-empty-changeset"]
    build.sam([*command, *build.overrides(parameters)], root, environment(port), log)


def environment(port: int) -> dict[str, str]:
    """The environment variables with which a process uses MiniStack as AWS, and ignores this machine's AWS profiles."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    aws = {
        "AWS_ENDPOINT_URL": ministack.endpoint(port),
        "AWS_DEFAULT_REGION": ministack.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    sam = {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.3"}
    return kept | {"NO_PROXY": "localhost,127.0.0.1"} | ministack.CREDENTIALS | aws | sam


class Deployment:
    """Reads what CloudFormation says of a release and its data on MiniStack, and adapts the deployment."""

    def __init__(self, port: int, stack: str = STACK_NAME) -> None:
        self._cloudformation = ministack.client("cloudformation", port)
        self._apis = ministack.client("apigatewayv2", port)
        self._iam = ministack.client("iam", port)
        self._port = port
        self._stack = stack
        self._physical = {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for name in (f"{stack}-data", stack)
            for item in self._cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        }

    def adapt(self) -> None:
        """Add the parts of a deployment that MiniStack leaves out. May be repeated."""
        self.create_routes()
        self.adapt_rights()
        self.number_concurrency()

    @staticmethod
    def exists(port: int) -> bool:
        stacks = ministack.client("cloudformation", port)
        try:
            return bool(stacks.describe_stacks(StackName=STACK_NAME)["Stacks"])
        except stacks.exceptions.ClientError:
            return False

    def physical_id(self, logical_id: str) -> str:
        return str(self._physical[logical_id])

    def api_id(self) -> str:
        return self.physical_id(self._api()[0])

    def routed_functions(self) -> set[str]:
        """The ARNs of the functions behind the API's routes."""
        return set(dict(self._routes(self._api()[1])).values())

    def create_routes(self) -> None:
        """Create the routes of the API's OpenAPI body, which MiniStack does not import, and delete all other routes."""
        logical_id, body = self._api()
        api_id = self.physical_id(logical_id)
        wanted = dict(self._routes(body))
        integrations = {
            item["IntegrationUri"]: item["IntegrationId"] for item in self._items("get_integrations", api_id)
        }
        for function in set(wanted.values()) - integrations.keys():
            integrations[function] = self._apis.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=function,
                PayloadFormatVersion="2.0",
            )["IntegrationId"]
        missing = {route_key: f"integrations/{integrations[uri]}" for route_key, uri in wanted.items()}
        for route in self._items("get_routes", api_id):
            if missing.get(route["RouteKey"]) == route["Target"]:
                del missing[route["RouteKey"]]
            else:
                self._apis.delete_route(ApiId=api_id, RouteId=route["RouteId"])
        for route_key, target in missing.items():
            self._apis.create_route(ApiId=api_id, RouteKey=route_key, Target=target)

    def adapt_rights(self) -> None:
        """Change the roles' policies to what MiniStack understands.

        On AWS, `sqs:SendMessage` allows SendMessageBatch, and an action sqs:SendMessageBatch does not exist; MiniStack
        requires such an action. MiniStack also ignores the encryption context of a request, so it would refuse every
        call that a condition on this context allows. The tests of the handlers check that condition
        (`tests/support/guard.py`).
        """
        for logical_id, name in self._physical.items():
            if not logical_id.endswith("FunctionRole"):
                continue
            for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]:
                document = self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                changed = False
                for statement in document["Statement"]:
                    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
                    if "sqs:SendMessage" in actions and "sqs:SendMessageBatch" not in actions:
                        statement["Action"] = [*actions, "sqs:SendMessageBatch"]
                        changed = True
                    if "kms:EncryptionContext:purpose" in str(statement.get("Condition")):
                        del statement["Condition"]
                        changed = True
                if changed:
                    self._iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    def number_concurrency(self) -> None:
        """Turn the concurrency of event source mappings into numbers, which MiniStack leaves as text."""
        functions = ministack.client("lambda", self._port)
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            if "ScalingConfig" in mapping:
                concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
                functions.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency}
                )

    def _items(self, operation: str, api_id: str) -> list[dict[str, Any]]:
        pages = self._apis.get_paginator(operation).paginate(ApiId=api_id)
        return [item for page in pages for item in page["Items"]]

    def _api(self) -> tuple[str, dict[str, Any]]:
        """The HTTP API's logical id and its OpenAPI body, from the template after SAM's transform."""
        answer = self._cloudformation.get_template(StackName=self._stack, TemplateStage="Processed")
        body = answer["TemplateBody"]
        processed = json.loads(body) if isinstance(body, str) else body
        for logical_id, resource in processed["Resources"].items():
            if resource["Type"] == "AWS::ApiGatewayV2::Api":
                return logical_id, resource["Properties"]["Body"]
        raise LocalError("The template declares no HTTP API.", "Declare one AWS::Serverless::HttpApi.")

    def _routes(self, body: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Pairs of route key (`GET /v1/chats`) and function ARN."""
        for path, methods in body["paths"].items():
            for method, operation in methods.items():
                if not isinstance(operation, dict) or "x-amazon-apigateway-integration" not in operation:
                    continue
                verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                route_key = "$default" if path.strip("/") == "$default" else f"{verb} {path}"
                yield route_key, self._function_arn(operation["x-amazon-apigateway-integration"]["uri"])

    def _function_arn(self, uri: object) -> str:
        """The ARN of the function in an integration's uri, `{"Fn::Sub": "…/${ChatsFunction.Arn}/invocations"}`."""
        found = re.search(r"functions/\$\{(\w+)(?:\.Arn)?\}", str(uri))
        if not found:
            raise LocalError(
                f"A route's integration is not understood: {uri}.",
                "Routes must point to functions of the template; see local/deploy.py.",
            )
        name = self.physical_id(found[1])
        prefix = f"arn:aws:lambda:{ministack.REGION}:{ministack.ACCOUNT}:function:"
        return name if name.startswith("arn:") else prefix + name
