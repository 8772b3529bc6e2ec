"""NucleusClient: the door to a workspace, embedded or on a server."""

from nucleus_lab.client.handle import NucleusClient

__all__ = ["NucleusClient"]
