"""The operations and maintenance console of a Microsoft Intune tenant, in a terminal."""

__version__ = "0.1.0"
