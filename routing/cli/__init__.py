"""The command line; `main` is what ``island-response`` runs."""

from routing.cli.app import main

__all__ = ["main"]
