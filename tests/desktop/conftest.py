"""The virtual desktop as a fixture: started once for all tests of this folder."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.desktop.harness import Desktop, missing_packages, running_desktop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """Start the desktop, or skip (on CI: fail) with the packages that are missing."""
    _require_programs()
    with running_desktop(tmp_path_factory.mktemp("screen")) as running:
        yield running


def _require_programs() -> None:
    missing = missing_packages()
    if sys.platform != "linux":
        pytest.skip("the virtual desktop is for Linux")
    elif missing and os.environ.get("CI"):
        pytest.fail(f"missing Debian packages: {' '.join(missing)}")
    elif missing:
        pytest.skip(f"missing Debian packages: {' '.join(missing)}")
