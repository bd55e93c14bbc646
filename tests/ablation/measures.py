"""All counter-measures, in the order in which docs/reliability.md shows them."""

from tests.ablation import operations, pipeline, receivers, security, targets
from tests.ablation.measure import unique

MEASURES = unique(
    [*pipeline.MEASURES, *operations.MEASURES, *receivers.MEASURES, *targets.MEASURES, *security.MEASURES]
)
