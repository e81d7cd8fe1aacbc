"""What processes on one machine share: files, locks, ports, log lines, the embedded PostgreSQL. No rule of the domain."""
