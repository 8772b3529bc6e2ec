"""A workbench for machine-learning data that lives inside Jupyter."""
