"""The detached process that holds the bridge and the model: found, started, ended.

One for each data folder. It holds a kernel lock for as long as it lives, so a killed one is known
to be dead, and whoever needs it next starts another. Only ever with the embedded server.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from pathlib import Path

from kb.errors import ServerError
from kb.postgres import bridge_install
from kb.postgres.bridge import EmbeddingBridge, run_while_wanted
from kb.postgres.embedded import EmbeddedServer
from kb.settings import Settings
from kb.workbench import detached
from kb.workbench.heartbeat import Heartbeat
from kb.workbench.models import answer_for_sql, open_models

#: The first start loads the model and installs the extension.
START_SECONDS = 60.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
LOCK = "bridge.lock"


class Bridge:
    """The bridge of a data folder, running or not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir

    @property
    def pid(self) -> int | None:
        """Process id of the bridge that lives, if one does."""
        return detached.holder(self._lock)

    def is_ready(self) -> bool:
        """Whether SQL is answered now."""
        return self.pid is not None and self._state().get("ready") == self.pid

    def ensure_running(self, *, wait: bool = False) -> None:
        """Start the detached process unless it lives; with `wait` come back when SQL is answered.

        Does nothing on a database of the user's own.
        """
        if not self._settings.uses_embedded_server:
            return
        if self.is_ready() and self._state().get("model") != self._settings.embedding_model:
            # The knowledge base has one model, so that one answers from before.
            stop_bridge(self._folder)
        process = None
        if self.pid is None:
            process = detached.start(self._settings, "bridge", log=self._log)
        deadline = time.monotonic() + START_SECONDS
        while wait and not self.is_ready():
            # One that finds another holding the lock ends by itself, with code 0.
            if process and detached.has_failed(process):
                raise ServerError(f"The bridge ended as it started; see {self._log}.")
            if time.monotonic() > deadline:
                raise ServerError(f"The bridge does not get ready; see {self._log}.")
            threading.Event().wait(POLL_SECONDS)

    def serve(self) -> None:
        """Be the bridge of this data folder, or return if there is one already."""
        if not self._settings.uses_embedded_server:
            raise ServerError(
                "The bridge serves the embedded server only; unset KB_DATABASE_URL for it."
            )
        with detached.only_one(self._lock) as mine:
            if mine:
                self._serve()

    def _serve(self) -> None:
        server = EmbeddedServer(self._folder / "postgres")
        server.start()
        models = open_models(self._settings)
        if self._settings.embeds_locally:
            # Loaded now, so that the first statement need not wait for it.
            models.local.embed_query("ready")
        answer, threads = answer_for_sql(self._settings, models)
        bridge = EmbeddingBridge(answer, bridge_install.socket_folder(server), threads=threads)
        bridge_install.offer_extension(server)

        async def ready() -> None:
            await asyncio.to_thread(bridge_install.install, server.url, bridge)
            told = {"ready": os.getpid(), "model": self._settings.embedding_model}
            unfinished = self._state_file.with_suffix(".new")
            unfinished.write_text(json.dumps(told), encoding="utf-8")
            unfinished.replace(self._state_file)

        heartbeat = Heartbeat()

        def wanted() -> bool:
            heartbeat.beat()
            # Whoever removes the data folder is done with us.
            return self._lock.exists()

        run_while_wanted(bridge, ready, wanted)

    def _state(self) -> dict[str, object]:
        try:
            found: dict[str, object] = json.loads(self._state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    @property
    def _lock(self) -> Path:
        return self._folder / LOCK

    @property
    def _state_file(self) -> Path:
        return self._folder / "bridge.json"

    @property
    def _log(self) -> Path:
        return self._folder / "bridge.log"


def stop_bridge(data_dir: Path) -> bool:
    """End the bridge of a data folder; False if none ran."""
    return detached.stop(data_dir / LOCK, seconds=STOP_SECONDS)
