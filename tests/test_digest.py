"""Names that stay."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from crackseg_desktop.digest import short_digest


@pytest.mark.parametrize("text", ["", "/home/ana/runs", "ñandú", "not\udcffutf-8"])
def test_that_it_is_the_sha1_of_the_text(text: str) -> None:
    expected = hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    assert short_digest(text) == expected[:10]
    assert short_digest(text, 16) == expected[:16]


def test_that_it_does_not_load_openssl() -> None:
    program = (
        "import sys; from crackseg_desktop import digest; digest.short_digest('x'); print('_hashlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
