"""Back up one tenant of an ERP into a checked pair of files."""

__version__ = "0.1.0"
