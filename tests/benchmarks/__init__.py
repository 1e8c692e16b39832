"""Benchmarks: each prints our numbers beside a peer's, on the same input in the same run."""
