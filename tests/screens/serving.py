"""The app's server with a permit that is printed first: `python -m tests.screens.serving PORT`.

Browsers get theirs with the page; a test that speaks HTTP has no page.
"""

from __future__ import annotations

import sys

import streamlit_app
from kb.screens.uploads.guard import Permit

if __name__ == "__main__":
    permit = Permit()
    sys.stdout.write(f"{permit.token}\n")
    sys.stdout.flush()
    streamlit_app.app.run(config={"server.port": int(sys.argv[1])})
