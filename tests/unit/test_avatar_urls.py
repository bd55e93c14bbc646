"""Which URLs an avatar may have."""

import pytest
from ferryman.identity.avatar_urls import AvatarUrl
from pydantic import TypeAdapter, ValidationError

CHECKED: TypeAdapter[str] = TypeAdapter(AvatarUrl)


@pytest.mark.parametrize(
    ("url", "kept"),
    {
        "https://cdn.example.com/ci.png": "https://cdn.example.com/ci.png",
        "HTTPS://CDN.example.com": "https://cdn.example.com/",
        "https://cdn.example.com:8443/a?size=64&v=2": "https://cdn.example.com:8443/a?size=64&v=2",
        'https://cdn.example.com/a"onerror=x': "https://cdn.example.com/a%22onerror=x",
        "https://cdn.example.com/é.png": "https://cdn.example.com/%C3%A9.png",
    }.items(),
)
def test_a_public_https_url_is_kept_in_one_form(url: str, kept: str) -> None:
    assert CHECKED.validate_python(url) == kept
    assert CHECKED.validate_python(kept) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ci.png",
        "//cdn.example.com/ci.png",
        "http://cdn.example.com/ci.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https:/cdn.example.com",
        "https://",
        "https://localhost/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://2130706433/",
        "https://cdn.internal/a.png",
        "https://user:secret@cdn.example.com/",
        "https://cdn.example.com\\@evil.example.com/",
        "https://cdn.example.com/#a",
        "https://cdn.example.com:22/",
        "https://cdn.example.com/a b",
        "https://cdn.example.com/\u202ea",
        "https://cdn.example.com/" + "a" * 2048,
        "https://" + "a." * 200 + "example.com/",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        CHECKED.validate_python(url)
    (error,) = refused.value.errors(include_input=False, include_url=False)
    assert error["msg"].startswith("Value error, ")
    assert "secret" not in error["msg"]
