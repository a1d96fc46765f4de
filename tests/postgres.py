"""A PostgreSQL of the tests' own, really started, where Debian's programs are installed; thrown away afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)


def postgres_is_installed() -> bool:
    return bool(_BINARIES)


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty server, without the name of a database at its end."""
    programs = _BINARIES[0].parent
    folder = Path(tempfile.mkdtemp(prefix="codesuggest-pg-"))
    data = folder / "data"
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    _run([str(programs / "initdb"), "-D", str(data), "-U", "codesuggest", "-A", "trust", "--no-sync"])
    port = _free_port()
    options = f"-p {port} -k {folder} -h 127.0.0.1 -c fsync=off"
    _run([str(programs / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"])
    try:
        yield f"postgresql://codesuggest@127.0.0.1:{port}"
    finally:
        _run([str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    user = "postgres" if os.getuid() == 0 else None
    subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
