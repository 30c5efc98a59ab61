"""Private keys: Ed25519, made here, kept in files that only their owner reads, never sent."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from horarium.kernel.errors import InvalidInput, NotFound
from horarium.transport.content import new_file, sync_folder


class KeyFolder:
    """The private keys of one node, each under its name. OSError goes through."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, name: str) -> bool:
        """Whether the key is here; one that is kept elsewhere is not."""
        return self._path(name).is_file()

    def names(self) -> list[str]:
        """The keys that are here."""
        return sorted(path.stem for path in self._folder.glob("*.key"))

    def make(self, name: str) -> Ed25519PrivateKey:
        """Makes a key; Conflict-free: one that is here already is given instead."""
        if self.has(name):
            return self.private(name)
        key = Ed25519PrivateKey.generate()
        self.keep(name, key)
        return key

    def keep(self, name: str, key: Ed25519PrivateKey) -> None:
        """Puts a key in the place of its name, whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(name)
        temporary = path.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        with new_file(temporary) as file:
            file.write(private_text(key))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(self._folder)

    def drop(self, name: str) -> None:
        """Removes a key that nobody counts any more."""
        self._path(name).unlink(missing_ok=True)
        sync_folder(self._folder)

    def private(self, name: str) -> Ed25519PrivateKey:
        """A key. NotFound when it is not here, InvalidInput when others can read its file."""
        path = self._path(name)
        try:
            text = path.read_bytes()
            mode = path.stat().st_mode
        except FileNotFoundError:
            raise NotFound(f"the key {name} is not here ({path})") from None
        if mode & 0o077:
            raise InvalidInput(f"{path} can be read by others; chmod 600 it, or make a new key")
        return read_private(text, str(path))

    def signer(self, name: str) -> CryptoSigner:
        """A key as what signs metadata."""
        return CryptoSigner(self.private(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.key"


class ForeseenKeys(KeyFolder):
    """The keys of a folder for who only foresees: those that are made are lost with it, and none
    of the folder goes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._made: dict[str, Ed25519PrivateKey] = {}
        self._gone: set[str] = set()

    def has(self, name: str) -> bool:
        """See `KeyFolder`."""
        return name in self._made or (name not in self._gone and super().has(name))

    def names(self) -> list[str]:
        """See `KeyFolder`."""
        return sorted({*self._made, *super().names()} - self._gone)

    def keep(self, name: str, key: Ed25519PrivateKey) -> None:
        """See `KeyFolder`."""
        self._gone.discard(name)
        self._made[name] = key

    def drop(self, name: str) -> None:
        """See `KeyFolder`."""
        self._made.pop(name, None)
        self._gone.add(name)

    def private(self, name: str) -> Ed25519PrivateKey:
        """See `KeyFolder`."""
        made = self._made.get(name)
        return made if made is not None else super().private(name)


def private_text(key: Ed25519PrivateKey) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def read_private(text: bytes, place: str) -> Ed25519PrivateKey:
    """A private key from PEM; InvalidInput naming its place for anything else."""
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{place}: is no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidInput(f"{place}: is no Ed25519 key")
    return key


def make_key_file(path: Path) -> Ed25519PrivateKey:
    """Makes a private key in a file of its own that only its owner reads, to be kept elsewhere.
    FileExistsError when there is such a file."""
    key = Ed25519PrivateKey.generate()
    with new_file(path) as file:
        file.write(private_text(key))
        file.flush()
        os.fsync(file.fileno())
    return key


def public_text(key: Ed25519PrivateKey) -> bytes:
    """The public half of a key as PEM, which may be shown to anybody."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def read_public(text: bytes, place: str) -> SSlibKey:
    """A public key from PEM, as metadata name it; of a private key its public half. InvalidInput
    naming its place for anything else."""
    if b"PRIVATE KEY" in text:
        return SSlibKey.from_crypto(read_private(text, place).public_key())
    try:
        key = serialization.load_pem_public_key(text)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{place}: is no public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidInput(f"{place}: is no Ed25519 key")
    return SSlibKey.from_crypto(key)
