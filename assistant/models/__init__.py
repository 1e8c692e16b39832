"""Model files: which are known, where they live, and how they get there unharmed."""
