"""Pure values and rules: what an item is and what may happen to it. No terminal, no network, no files."""
