"""Metrics and alarms as CloudWatch keeps and evaluates them, without any emulator."""
