"""Uploads that reach the store while they arrive: the drop area, and the route it sends to."""
