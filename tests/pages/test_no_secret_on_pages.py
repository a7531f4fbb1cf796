"""A secret's password is on no page, whether the database takes it or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from kb.postgres.embedded import EmbeddedServer
from kb.screens.frame import shared_workbench
from tests.passwords import Role, role
from tests.postgres_proxy import postgres_proxy

from .conftest import OpenPage

pytestmark = pytest.mark.database
PASSWORD = "geheim %41&x=1 ü"
PAGES = sorted(path.name for path in (Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.fixture
def own(
    server: EmbeddedServer,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Role]:
    """A role with a password, named by a file with its secret."""
    with role(server) as own, postgres_proxy(server.url) as proxy:
        own.set_password(PASSWORD)
        secret = {
            "username": own.name,
            "password": PASSWORD,
            "host": "127.0.0.1",
            "port": proxy.port,
            "dbname": urlsplit(database_url).path.lstrip("/"),
        }
        path = tmp_path / "secret.json"
        path.write_text(json.dumps(secret), "utf-8")
        path.chmod(0o600)
        monkeypatch.setenv("KB_SECRET_FILE", str(path))
        monkeypatch.setenv("KB_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("KB_WORKERS", "0")
        shared_workbench.clear()
        yield own
        shared_workbench.clear()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"DROP OWNED BY {own.name} CASCADE".encode())


def shown(page: AppTest) -> str:
    """Everything that the page sends to the browser."""
    return "".join(str(getattr(node, "proto", "")) for node in page._tree)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_on_a_secret_does_not_show_it(name: str, own: Role) -> None:
    page = OpenPage()(name)
    assert not page.exception
    assert "PostgreSQL" in shown(page)
    assert "geheim" not in shown(page)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_whose_login_is_refused_says_so_without_it(name: str, own: Role) -> None:
    own.set_password("another")
    page = OpenPage()(name)
    assert not page.exception
    assert "refuses the login" in page.error[0].value
    assert "geheim" not in shown(page)
