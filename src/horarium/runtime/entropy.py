"""Unguessable octets: the only place that asks the operating system for them."""

import os


class SystemSecrets:
    """The secure source of the operating system (``horarium.identity.ports.Secrets``)."""

    def random(self, n: int) -> bytes:
        """`n` octets that nobody can foresee."""
        return os.urandom(n)
