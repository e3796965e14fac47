"""Runs parliament over `<folder>/*/policies/*.json`: one JSON value a finding, on standard output.

It is run by the linters' Python. Parliament's own program names the wrong file for findings about
a whole policy.
"""

import json
import sys
from pathlib import Path

from parliament import analyze_policy_string


def main(folder: Path) -> None:
    """Print each finding with the file that it is about."""
    for path in sorted(folder.glob("*/policies/*.json")):
        policy = analyze_policy_string(path.read_text(), include_community_auditors=True)
        for finding in policy.findings:
            told = [finding.detail, *map(finding.location.get, ("actions", "string"))]
            text = " ".join(str(part) for part in told if part)
            print(json.dumps({"file": str(path), "issue": finding.issue, "text": text}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
