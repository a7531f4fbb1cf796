"""No network at run time: only this machine may be reached, here and in every process started."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

#: Addresses of documentation networks (RFC 5737, RFC 3849): nobody's.
ELSEWHERE = ("192.0.2.1", 80)
ELSEWHERE_6 = ("2001:db8::1", 80, 0, 0)


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with socket.socket() as own:
        own.settimeout(2)
        yield own


def test_a_connection_to_another_machine_is_refused(sender: socket.socket) -> None:
    with pytest.raises(RuntimeError, match="without a network"):
        sender.connect(ELSEWHERE)


def test_connect_ex_to_another_machine_is_refused(sender: socket.socket) -> None:
    with pytest.raises(RuntimeError, match="without a network"):
        sender.connect_ex(ELSEWHERE)


def test_a_connection_to_another_machine_by_ipv6_is_refused() -> None:
    with socket.socket(socket.AF_INET6) as own, pytest.raises(RuntimeError, match="network"):
        own.connect(ELSEWHERE_6)


def test_a_connection_by_name_is_refused(sender: socket.socket) -> None:
    with pytest.raises(RuntimeError, match="without a network"):
        sender.connect(("example.com", 80))


def test_this_machine_may_be_reached(sender: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender.connect(server.getsockname())
        assert sender.getpeername() == server.getsockname()


def test_a_process_that_is_started_is_refused_as_well() -> None:
    code = f"import socket; socket.create_connection({ELSEWHERE!r}, timeout=2)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode != 0
    assert "without a network" in done.stderr
