"""The version number, which the package and its build read from this file."""

__version__ = "0.1.0"
