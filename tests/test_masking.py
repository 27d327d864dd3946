from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.masking import Masker, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing to hide", "nothing to hide"),
        ("slack://TokenA/TokenB failed", "slack://… failed"),
        ("POST https://hooks.example.org/services/T0/B0/X (500)", "POST https://hooks.example.org/… (500)"),
        ("https://user:word@example.org/x?token=1", "https://example.org/…"),
        ("https://example.org?token=1", "https://example.org…"),
        ("http://127.0.0.1:6006", "http://127.0.0.1:6006"),
        ("file:///data/a.png", "file:///data/a.png"),
        ("mailto://a:b@example.org, json://host/", "mailto://… json://…"),
    ],
)
def test_that_addresses_in_a_text_lose_what_could_be_secret(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_that_every_piece_of_an_address_is_masked_however_it_is_written() -> None:
    mask = Masker("mailto://jane:p%40ss+word@example.org/?to=bob%40example.org&token=s3cr3t%2Fkey")
    texts = ["p%40ss+word", "p@ss+word", "s3cr3t/key", "s3cr3t%2Fkey", b64encode(b"jane:p@ss+word").decode()]
    assert [mask(f"<{text}>") for text in texts] == ["<…>"] * len(texts)


def test_that_a_path_without_its_host_is_masked_too() -> None:
    mask = Masker("https://hooks.example.org/services/T0000/B0000/XXXXXXXX")
    assert "XXXX" not in mask("Max retries exceeded with url: /services/T0000/B0000/XXXXXXXX")
    assert "T0000" not in mask("team T0000 is unknown")


def test_that_a_short_password_is_masked() -> None:
    assert "pw" not in Masker("mailto://jane:pw@example.org")("login as pw")


WORDS = st.text("abcXYZ019-_~", min_size=4, max_size=20)


@given(WORDS, WORDS, WORDS, st.text(max_size=30), st.text(max_size=30))
def test_that_no_text_shows_a_password_or_token(user: str, password: str, token: str, before: str, after: str) -> None:
    address = f"json://{user}:{password}@localhost:8080/hook/{token}?key={token}"
    shown = Masker(address)(f"{before} {password} {after} {token} {address}")
    assert password not in shown.replace(before, "").replace(after, "")
    assert token not in shown.replace(before, "").replace(after, "")


@given(st.text(max_size=200))
def test_that_any_text_can_be_masked(text: str) -> None:
    Masker(text)(text)
    masked(text)
