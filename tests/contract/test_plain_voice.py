"""The prose is plain: `python -m tools.voice` lists the sentences that are not, with file and line."""

from collections import Counter

import pytest

from tools import voice

# Findings that are still there, by folder. A number may only fall; a folder that is not listed has none.
LEFT: dict[str, int] = {"tests": 5}


def _folder(finding: voice.Finding) -> str:
    return finding.path.name if finding.path.name == "openapi.yaml" else finding.path.parts[0]


@pytest.fixture(scope="module")
def findings() -> list[voice.Finding]:
    return voice.findings()


def test_no_folder_gets_another_hard_sentence(findings: list[voice.Finding]) -> None:
    counted = Counter(map(_folder, findings))
    grown = {
        folder: f"{count}, at most {LEFT.get(folder, 0)}"
        for folder, count in counted.items()
        if count > LEFT.get(folder, 0)
    }
    shown = "\n".join(str(finding) for finding in findings if _folder(finding) in grown)
    assert not grown, f"more than {LEFT}: {grown}\n{shown}"
