"""What is installed from a wheel finds its taxonomies and its redactor inside the package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def test_an_installed_wheel_carries_taxonomies_and_redactor(tmp_path: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(tmp_path / "site"),
        str(ROOT),
    ]
    subprocess.run(pip, check=True)
    code = (
        "import codesuggest; from codesuggest.settings import shipped; from codesuggest.taxonomy import load_taxonomy; "
        "from codesuggest.redact import Redactor; from codesuggest.domain import Narrative; "
        "print(codesuggest.__file__, shipped('taxonomy'), len(load_taxonomy('imaging-working-1').codes)); "
        "print(Redactor().require_measured().redact(Narrative('1', 'bleep 2231')).text)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    first, second = done.stdout.splitlines()
    assert first.count(str(tmp_path / "site")) == 2
    assert first.endswith(" 95")
    assert second == "bleep <BLEEP>"
