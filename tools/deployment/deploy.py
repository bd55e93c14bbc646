"""`make deploy ENV=dev|staging|prod`: preflight, build, validate, show changes, deploy, smoke test, print next steps.

- YES=1 answers every question with yes.
- PARAMETERS="Name=value …" overrides parameters of samconfig.toml.
- SMOKE=no skips the smoke test, and VALIDATE=no the check of the templates.
- SOURCES=<directory> deploys another checkout, such as the release before.
- BUILD_DIR is the directory of the build.
"""

import os
import subprocess
import sys
from pathlib import Path

from tools import build, console, template
from tools.console import LocalError, bold, dim, green, step
from tools.deployment import environments, preflight, smoke, stacks
from tools.deployment.environments import ROOT, Environment
from tools.deployment.stacks import Plan, Stack

# How long CloudFormation watches the alarms of an environment after an update, and rolls back if one rings.
MONITORED_MINUTES = {"prod": 10}
TABLE = "AWS::DynamoDB::Table"


def deploy(environment: Environment, root: Path) -> None:
    architecture = environment.parameters.get("Architecture") or template.default(root, "Architecture")
    log = root / ".local" / "deploy.log"
    preflight.check(environment, root)
    print()
    if os.environ.get("VALIDATE") != "no":
        _validate(root)
    place = Path(os.environ.get("BUILD_DIR") or build.DEPLOYED)
    with build.lock(root), step(f"Building the functions and layers for {architecture} (sam build)"):
        build.build(root, place, root / ".local" / "build.log", architecture)
        build.verify(root / place, architecture)
    with step("Uploading (sam package)"):
        data = stacks.package(root, root / template.DATA, log)
        release = stacks.package(root, root / place / template.RELEASE, log)
    _deploy_data(environment, root, data)
    stack = Stack(environment.stack)
    _start_over(stack)
    minutes = int(os.environ.get("MONITORED_MINUTES") or MONITORED_MINUTES.get(environment.name, 0))
    is_new = not stack.status
    _carry_out(stack, stack.plan(release, environment.parameters, environment.tags, minutes), "Deploy it?")
    if environment.is_protected:
        _protect(environment, data)
    if os.environ.get("SMOKE") != "no":
        print()
        smoke.run(stack.api_url(), os.environ.get("TOKEN"), os.environ.get("SMOKE_RECEIVER") or None)
    _say_what_is_next(environment, stack, is_new=is_new)


def _validate(root: Path) -> None:
    with step("Validating the templates (cfn-lint)"):
        paths = (template.RELEASE, template.DATA, "operations.yaml")
        command = [str(Path(sys.executable).parent / "cfn-lint"), *paths]
        finished = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise LocalError(f"cfn-lint says:\n{finished.stdout}", "`make validate` shows all of it.")


def _deploy_data(environment: Environment, root: Path, packaged: Path) -> None:
    """Deploy the data stack. While it creates tables, their protection against deletion is off.

    If such a deployment fails, CloudFormation has to delete the new tables, which it cannot do with protected ones.
    """
    stack = Stack(environment.data_stack)
    _start_over(stack)
    known = stack.resources() if stack.status else {}
    makes_tables = bool(template.resources(root, template.DATA, TABLE) - known.keys())
    protected = environment.is_protected and not makes_tables
    parameters = environment.data_parameters | {"DeletionProtection": "true" if protected else "false"}
    _carry_out(stack, stack.plan(packaged, parameters, environment.data_tags), "Deploy the data stack?")


def _protect(environment: Environment, packaged: Path) -> None:
    """Protect the tables and both stacks against deletion, after both stacks are deployed."""
    stack = Stack(environment.data_stack)
    plan = stack.plan(packaged, environment.data_parameters | {"DeletionProtection": "true"}, environment.data_tags)
    if plan:
        with step("Protecting the tables against deletion"):
            plan.execute()
    for one in (stack, Stack(environment.stack)):
        one.protect(on=True)


def _start_over(stack: Stack) -> None:
    """Delete a stack whose creation failed. It has no resources, and CloudFormation accepts no update of it."""
    if stack.status == preflight.STARTED_OVER:
        with step(f"Deleting {stack.name}, whose creation had failed"):
            stack.delete()


def _carry_out(stack: Stack, plan: Plan | None, question: str) -> None:
    if plan is None:
        print(f"\n  {bold(stack.name)}: {dim('nothing changes')}")
        return
    plan.show()
    environments.confirm(question)
    with step(f"Deploying {stack.name}"):
        plan.execute()


def _say_what_is_next(environment: Environment, stack: Stack, *, is_new: bool) -> None:
    url = stack.api_url()
    print(f"\n{green('✓')} {bold(environment.name)} is at {url} ({url}/docs is the reference)")
    if is_new:
        print(
            "  Next: make the first workspace, which prints its owner's token and invitation once.\n"
            f"    .venv/bin/sam remote invoke BootstrapFunction --stack-name {stack.name} --event "
            '\'{"workspace_name": "Acme", "owner_name": "Your Name", "owner_email": "you@example.com"}\'\n'
            f"  Then: open {url}/me/invitation#<that invitation> within a day, and choose the owner's password.\n"
            f"  Then: TOKEN=<that token> make smoke ENV={environment.name}\n"
            "  If you gave AlarmEmail, confirm the message that SNS has sent."
        )
    else:
        print("  To go back, deploy the commit before: docs/upgrading.md says what can be rolled back.")


def main() -> None:
    root = Path(os.environ.get("SOURCES") or ROOT).resolve()
    deploy(environments.chosen(root), root)


if __name__ == "__main__":
    console.run(main)
