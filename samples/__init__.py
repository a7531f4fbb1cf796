"""The project's own sample document: its text, its questions and how it is built."""
