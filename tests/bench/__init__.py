"""Benchmarks: `python -m tests.bench NAME [--json]`. Medians and ratios, never limits.

A bench is a file with a `BENCH` (see `harness.py`), named in `__main__.py`.
"""
