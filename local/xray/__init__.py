"""AWS X-Ray of the local cloud: a daemon that takes segments, and the API that tells them again.

`header` and `recording` are what the emulator's services record with, `store` keeps it, `trace`,
`summary`, `graph` and `filtering` read it, `api` answers, `daemon` listens.
"""
