"""The routes of the Nucleus protocol, one module a resource, and our own under ``lab/``."""
