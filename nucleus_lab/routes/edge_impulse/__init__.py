"""The routes of the Edge Impulse protocol, which clients use for samples, one module a resource.

Those of the studio hang under ``/v1/api``, those that take files under ``/api``.
"""
