"""The SAM CLI, which reads and translates large templates quickly: `python -m tools.sam deploy …` as `sam deploy …`.

Two things took three quarters of its processor time: it reads YAML in Python where libyaml is installed, and SAM's
transform copies the whole API for each route and throws the copies away. Its results stay equal.
"""

import sys

import yaml
from samtranslator.open_api import open_api


def main() -> None:
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[misc,assignment]
    yaml.Dumper = yaml.CDumper  # type: ignore[misc,assignment]
    open_api._deepcopy = lambda document: document
    # Not above: it makes classes of the loader and the dumper when it is loaded.
    from samcli.cli.main import cli  # type: ignore[import-untyped]

    sys.exit(cli(prog_name="sam"))


if __name__ == "__main__":
    main()
