"""Model bundles: code of the caller, gathered as files that another process can run.

Code travels as source text, never as a pickle. A model object has no source; it is pickled by the
embedded client only, into the caller's own workspace, and no server takes one.
"""

from nucleus_lab.bundling.bundle import Bundle, bundle_from_args, bundle_from_dirs

__all__ = ["Bundle", "bundle_from_args", "bundle_from_dirs"]
