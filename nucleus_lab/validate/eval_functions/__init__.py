"""Evaluation functions: what a scenario test computes."""
