"""What is asked: the parameters that exist, read and checked, as questions of the reader."""
