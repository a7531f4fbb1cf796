"""The chat: conversation, evidence, settings."""
