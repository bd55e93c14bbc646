"""What Ferryman costs: counts, CPU milliseconds, and ratios to a floor measured in the same run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "layers" / "ferryman"))
