"""A PostgreSQL server of the tests' own, on a free port, with its files in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

from tests.stack.processes import free_ports

HOW = "install Debian's package postgresql"
_USERS = ("postgres", "nobody")
_names = count(1)


def find() -> Path | None:
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).parent if elsewhere else None


class Server:
    """A server that can be stopped and started again; whoever reaches it may do everything."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = next(user for user in _USERS if _exists(user)) if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        (self._port,) = free_ports(1)
        self._data = self.folder / "data"
        self._run("initdb", "--auth=trust", "--username=owner", "--no-sync", "--encoding=UTF8", "--pgdata", self._data)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._run(
            "pg_ctl", "--pgdata", self._data, "--log", self.folder / "log", "--wait", "--options", options, "start"
        )

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._run("pg_ctl", "--pgdata", self._data, "--wait", "--mode", "immediate", "stop")

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)

    def new_database(self) -> str:
        """The URL of an empty schema, which is as good, and saves megabytes for each test."""
        name = f"journal{next(_names)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.url}?options=-csearch_path%3D{name}"

    @property
    def url(self) -> str:
        """Where its database is."""
        return f"postgresql://owner@127.0.0.1:{self._port}/postgres"

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._programs / program, *arguments]
        # The server inherits the output: a pipe would never be closed.
        with (self.folder.parent / f"{self.folder.name}.log").open("w+b") as output:
            done = subprocess.run(command, user=self._user, cwd="/", stdout=output, stderr=output, check=False)
            output.seek(0)
            said = output.read().decode()
        Path(output.name).unlink()
        assert done.returncode == 0, said


def _exists(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False
