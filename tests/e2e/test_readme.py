"""The README's tour, run in a shell without a change."""

import re
import subprocess
from pathlib import Path

from local.processes import free_port
from tests.e2e.harness import E2E

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120


def test_the_tour_runs_as_it_stands(stack: E2E, tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/ferryman.json").write_text(stack.embedded.info_file.read_text())
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    # The one thing that differs: its port may be taken here.
    tour = "\n".join(_blocks()).replace("9000", str(free_port()))

    finished = subprocess.run(
        ["sh", "-eu", "-c", tour], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )

    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    said = finished.stdout
    assert re.search(r"^X-FM-Webhook-Signature: t=\d+,v1=[0-9a-f]{64}$", said, re.MULTILINE)
    assert '"text": "Build passed"' in said
    [delivery_id] = re.findall(r"^X-FM-Delivery-ID: (\S+)$", said, re.MULTILINE)
    assert f'"id": "{delivery_id}"' in said  # in the log that the tour looks at
    # The only refusals are those that the tour wants to show.
    assert re.findall(r'"urn:ferryman:problem:([\w-]+)"', said) == ["not-found", "forbidden"]
    assert "tokens:read" in said
    assert '"text": "Deployed"' in said
    assert [path.name for path in (tmp_path / ".local").iterdir()] == ["ferryman.json"]


def _blocks() -> list[str]:
    tour = (ROOT / "README.md").read_text().partition("\n## A tour with curl\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    return blocks
