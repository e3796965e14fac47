"""Runs the benchmarks and prints their figures as a table."""

from benchmarks import decoding, flow


def main() -> None:
    """Measure everything, the quick ones first."""
    print("| what | figure |\n|---|---|")
    for benchmark in (decoding, flow):
        for name, figure in benchmark.measure().items():
            print(f"| {name} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
