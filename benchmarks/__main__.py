"""Runs the benchmarks and prints their figures as a table."""

from benchmarks import (
    cold_start,
    decoding,
    endpoint,
    flow,
    redshift_copy,
    redshift_data,
    telemetry,
)

BENCHMARKS = (decoding, redshift_copy, redshift_data, telemetry, flow, endpoint, cold_start)


def main() -> None:
    """Measure everything, the quick ones first."""
    print("| what | figure |\n|---|---|")
    for benchmark in BENCHMARKS:
        for name, figure in benchmark.measure().items():
            print(f"| {name} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
