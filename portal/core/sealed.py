"""Sealed personal columns: AES-GCM with a key ring; tenant, table, row and column are bound in.

A cell copied to another row, column or tenant does not open. Looking a person up by e-mail or phone goes
through `lookup`, a keyed hash under its own key, never a bare one. Source: R40, R41 (docs/security.md).
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unsealable(Exception):
    """A sealed value could not be opened: wrong key, moved cell or damage."""


class KeyRing:
    """Keys by id; the newest seals, all of them open."""

    def __init__(self) -> None:
        self._keys: dict[str, AESGCM] = {}
        self._newest = ""
        self._lookup_key = b""

    def load(self, keys: Mapping[str, bytes], secret: str) -> None:
        """Take over the keys of the settings; the lookup key derives from the portal's secret."""
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._newest = list(keys)[-1]
        self._lookup_key = hmac.new(secret.encode(), b"lookup", sha256).digest()

    def seal(self, text: str, bound: str) -> str:
        """`text` sealed for the place `bound`; readable form `keyid.base64`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[self._newest].encrypt(nonce, text.encode(), bound.encode())
        return f"{self._newest}.{urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, cell: str, bound: str) -> str:
        """The text again. Raises Unsealable."""
        name, _, encoded = cell.partition(".")
        try:
            raw = urlsafe_b64decode(encoded)
            return self._keys[name].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound.encode()).decode()
        except (KeyError, ValueError, InvalidTag) as problem:
            raise Unsealable(bound) from problem

    @property
    def newest(self) -> str:
        """Id of the key that seals."""
        return self._newest

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of all keys that open, oldest first."""
        return tuple(self._keys)

    def renew(self, cell: str, bound: str) -> str:
        """The same text under the newest key. Raises Unsealable."""
        return self.seal(self.open(cell, bound), bound)

    def lookup(self, kind: str, value: str) -> str:
        """Keyed hash of a canonical value, 64 hex digits: equal values, equal hashes, per kind."""
        return hmac.new(self._lookup_key, f"{kind}\x00{value}".encode(), sha256).hexdigest()


ring = KeyRing()


def new_row_id() -> int:
    """A random 62-bit primary key, known before the row is inserted, so that it can be bound in."""
    return secrets.randbits(62)


class Sealed:
    """Attribute of a model that keeps its text sealed in the column `<name>_sealed`.

    The row needs its id (see `new_row_id`) before the first assignment; rows of a municipality bind its
    id too. Reads and writes plain text or None.
    """

    def __set_name__(self, owner: Any, name: str) -> None:
        self._owner = owner
        self._name = name
        self._column = f"{name}_sealed"

    def place_of(self, row: Any) -> str:
        """What the cell of a row is bound to."""
        if row.id is None:
            raise ValueError(f"{row!r} needs its id before {self._name} can be sealed.")
        return self._place(getattr(row, "municipality_id", None), row.id)

    def _place(self, tenant: int | None, row_id: int) -> str:
        return f"{tenant}|{self._owner.__tablename__}|{row_id}|{self._name}"

    def open(self, cell: str | None, row_id: int) -> str | None:
        """The text of a cell that was read alone, of a row that belongs to no municipality."""
        return None if cell is None else ring.open(cell, self._place(None, row_id))

    @overload
    def __get__(self, row: None, owner: type) -> "Sealed": ...
    @overload
    def __get__(self, row: object, owner: type) -> str | None: ...
    def __get__(self, row: object | None, owner: type) -> "Sealed | str | None":
        if row is None:
            return self
        cell = getattr(row, self._column)
        return None if cell is None else ring.open(cell, self.place_of(row))

    def __set__(self, row: object, value: str | None) -> None:
        setattr(row, self._column, None if value is None else ring.seal(value, self.place_of(row)))
