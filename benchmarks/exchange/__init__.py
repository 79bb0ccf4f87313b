"""The exchange against its raw engine: the same servers, link, bytes and disk, with and without our work.

`python -m benchmarks.exchange [--json] [--rows NAMES] [--quick]` prints the rows of docs/exchange-benchmark.md.
"""
