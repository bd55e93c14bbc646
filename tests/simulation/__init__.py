"""The length of the simulations: `make test` runs short ones, `make rehearse-simulation` full ones."""

import os

REHEARSAL = os.environ.get("FERRYMAN_REHEARSAL") == "yes"
