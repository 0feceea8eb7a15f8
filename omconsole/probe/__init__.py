"""Asking a tenant what no documentation settles: each open question by itself, reading alone, within bounds."""
