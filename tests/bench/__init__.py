"""Benchmarks: `python -m tests.bench NAME [--json]`. Medians and ratios, never limits."""
