"""The measurements that the README quotes; each runs with one command and prints what it saw."""
