"""Runs the benchmarks and prints their figures as a table."""

from benchmarks import cold_start, decoding, endpoint, flow, redshift_copy, redshift_data


def main() -> None:
    """Measure everything, the quick ones first."""
    print("| what | figure |\n|---|---|")
    for benchmark in (decoding, redshift_copy, redshift_data, flow, endpoint, cold_start):
        for name, figure in benchmark.measure().items():
            print(f"| {name} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
