"""What can go wrong on the way to MWAA, each with what to do about it."""

from __future__ import annotations


class DeployError(Exception):
    """The bundle could not be made, sent or proved. The message is for the person at the terminal."""
