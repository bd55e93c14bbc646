"""How long the simulations are: `make test` runs short ones, `make rehearse-simulation` the whole length."""

import os

REHEARSAL = os.environ.get("FERRYMAN_REHEARSAL") == "yes"
