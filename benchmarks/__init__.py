"""What the README's figures come from: each compares two things of the same run."""
