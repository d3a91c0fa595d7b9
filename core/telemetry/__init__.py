"""What a process tells its operator: lines of its log, and numbers for Prometheus."""
