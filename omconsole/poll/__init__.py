"""The background poller: what is due, what it found, what that means for the history."""
