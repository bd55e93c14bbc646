"""Promises of the templates about a release: parameters, samconfig.toml, outputs and layers."""

import re
import tomllib
from typing import Any

import pytest

from tests.support import template

FUNCTIONS = template.functions()
PARAMETERS: dict[str, dict[str, Any]] = template.deployed()["Parameters"]
GLOBAL: dict[str, Any] = template.load()["Globals"]["Function"]


# --- parameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "name"),
    [(file, name) for file in ("template.yaml", "data.yaml") for name in template.load(file)["Parameters"]],
)
def test_every_parameter_is_described_and_used(file: str, name: str) -> None:
    document = template.load(file)
    parameter = document["Parameters"][name]
    assert parameter["Description"].endswith(".")
    assert name in set(template.references({key: value for key, value in document.items() if key != "Parameters"}))
    if "AllowedPattern" in parameter:
        assert parameter["ConstraintDescription"]
        assert re.search(parameter["AllowedPattern"], str(parameter["Default"]))
    if "AllowedValues" in parameter:
        assert parameter["Default"] in parameter["AllowedValues"]


def test_every_parameter_has_its_place_in_the_console() -> None:
    interface = template.load()["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [listed for group in interface["ParameterGroups"] for listed in group["Parameters"]]
    assert sorted(grouped) == sorted(template.load()["Parameters"])


def test_a_deployment_needs_no_answers() -> None:
    assert not [name for name, parameter in PARAMETERS.items() if "Default" not in parameter]


def test_nothing_local_is_on_by_default() -> None:
    assert PARAMETERS["AllowLocalTargets"]["Default"] == "false"
    assert PARAMETERS["EnvironmentName"]["Default"] != "local"
    assert PARAMETERS["AllowedPorts"]["Default"] == "443,8443"


def test_every_output_is_described() -> None:
    for name, output in template.load()["Outputs"].items():
        assert output["Description"].strip(), name


# --- samconfig.toml ---------------------------------------------------------------------------------------

CONFIG = tomllib.loads((template.ROOT / "samconfig.toml").read_text())


ENVIRONMENTS = ["local", "dev", "staging", "prod"]
TEMPLATE_OF = {"": "template.yaml", "data-": "data.yaml"}


@pytest.mark.parametrize("kind", TEMPLATE_OF)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environment_can_be_deployed(environment: str, kind: str) -> None:
    parameters = CONFIG[f"{kind}{environment}"]["deploy"]["parameters"]
    overrides = dict(text.split("=", 1) for text in parameters["parameter_overrides"])
    declared = template.load(TEMPLATE_OF[kind])["Parameters"]
    assert overrides["EnvironmentName"] == environment
    for name, value in overrides.items():
        allowed = declared[name].get("AllowedValues")
        assert allowed is None or value in [str(one) for one in allowed], f"{name}={value}"
    if environment != "local":
        assert "AllowLocalTargets" not in overrides
    if environment in ("staging", "prod"):
        assert parameters["confirm_changeset"] is True


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_has_a_stack_of_what_is_kept_and_one_that_imports_it(environment: str) -> None:
    release, data = (CONFIG[f"{kind}{environment}"]["deploy"]["parameters"] for kind in ("", "data-"))
    assert release["stack_name"] == f"ferryman-{environment}"
    assert data["stack_name"] == f"{release['stack_name']}-data"
    assert data["template_file"] == "data.yaml"
    assert "template_file" not in release, "it would hide what was built"


def test_nothing_is_deployed_unless_somebody_says_to_which_environment() -> None:
    """`sam deploy` without --config-env reads `default`, and fails when `default` names no stack."""
    assert "deploy" not in CONFIG["default"]
    assert "global" not in CONFIG["default"]
    assert set(CONFIG) - {"version", "default"} == {f"{kind}{name}" for kind in TEMPLATE_OF for name in ENVIRONMENTS}


# --- layers -----------------------------------------------------------------------------------------------


def test_every_function_gets_the_same_layers() -> None:
    layers = template.resources("AWS::Serverless::LayerVersion")
    assert GLOBAL["Layers"] == [{"Ref": name} for name in layers]
    assert not [folder for folder, function in FUNCTIONS.items() if "Layers" in function]
    for layer in layers.values():
        assert layer["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}


def test_everything_is_built_with_bytecode_that_is_valid_whatever_its_dates() -> None:
    """`sam build` has to compile to bytecode, so a Makefile builds each resource with the runtime's own Python."""
    functions, layers = (template.resources(f"AWS::Serverless::{kind}") for kind in ("Function", "LayerVersion"))
    for item in (functions | layers).values():
        assert item["Metadata"]["BuildMethod"] == "makefile"
    assert {item["Metadata"]["ContextPath"] for item in functions.values()} == {"functions"}
    for path in ("functions", "layers/ferryman", "layers/dependencies"):
        text = (template.ROOT / path / "Makefile").read_text()
        assert "-m compileall" in text and "--invalidation-mode unchecked-hash" in text
        assert GLOBAL["Runtime"] in text


def test_the_dependencies_are_built_for_the_architecture_chosen() -> None:
    metadata = template.resources("AWS::Serverless::LayerVersion")["DependenciesLayer"]["Metadata"]
    assert metadata["ContextPath"] == {"Fn::Sub": "layers/dependencies/${Architecture}"}
    wheels = {"arm64": "aarch64", "x86_64": "x86_64"}
    assert set(wheels) == set(template.load()["Parameters"]["Architecture"]["AllowedValues"])
    for architecture, name in wheels.items():
        text = (template.ROOT / "layers/dependencies" / architecture / "Makefile").read_text()
        assert f"PROCESSOR := {name}\n" in text


def test_the_layer_keeps_what_our_clients_read_of_botocore() -> None:
    code = (template.ROOT / "layers/ferryman/ferryman/aws/clients.py").read_text()
    clients = set(re.findall(r'_client\("(\w+)"', code))
    makefile = (template.ROOT / "layers/dependencies/Makefile").read_text()
    (kept,) = re.findall(r"^SERVICES := (.+)$", makefile, re.MULTILINE)
    assert set(kept.split()) == clients | {"xray"}, "X-Ray's SDK, where tracing is on, makes a client too"


def test_lambda_enters_every_function_by_one_module() -> None:
    assert GLOBAL["Handler"] == "lambda_entry.handler"
    assert not [folder for folder, function in FUNCTIONS.items() if "Handler" in function]


def test_lambda_logs_nothing_of_its_own_while_all_is_well() -> None:
    """START, END and REPORT would take more bytes than our own line.

    A function's own config names only its log group.
    """
    assert GLOBAL["LoggingConfig"] == {"LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert all(set(function["LoggingConfig"]) == {"LogGroup"} for function in FUNCTIONS.values())
