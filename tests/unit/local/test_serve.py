"""`make serve` serves an environment at its own address, if that is on this machine."""

import pytest

from local import serve
from tools.console import LocalError


def test_an_environment_is_served_at_its_public_url() -> None:
    assert serve.port_of("http://localhost:8081") == 8081


@pytest.mark.parametrize("url", ["https://a1b2c3.execute-api.us-east-1.amazonaws.com", "https://localhost"])
def test_an_address_elsewhere_is_refused_with_the_way_to_deploy(url: str) -> None:
    with pytest.raises(LocalError) as refused:
        serve.port_of(url)
    assert "PublicUrl=http://localhost:8081" in refused.value.advice
