"""Refuses connections to anything but this machine, in the tests and in every process they start.

Python imports a module of this name at its start; the tests put this folder on PYTHONPATH.
"""

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class NetworkRefused(RuntimeError):
    """The default mode must not speak to the network."""


def _check(own: socket.socket, address: Any) -> None:
    if own.family not in (socket.AF_INET, socket.AF_INET6):
        return
    if _is_this_machine(address[0]):
        return
    raise NetworkRefused(f"connection to {address} refused: the tests run without a network")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # A name, which the system would look up in the network.
        return host == "localhost"


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(self, address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(self, address)
    return _connect_ex(self, address)


socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
