"""A passkey in software: makes a key pair and answers as a browser with an authenticator would."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKUP_MAY, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


def text(raw: bytes) -> str:
    """URL-safe base64 without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(written: str) -> bytes:
    """The bytes of such a text."""
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


class SoftKey:
    """One key of one person. `count` is its counter; None for keys that have none."""

    def __init__(self, name: bytes = b"a-key-of-the-tests", *, counts: bool = True) -> None:
        self.id = name
        self.counts = counts
        self.count = 0
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: str, origin: str, *, flags: int = PRESENT | VERIFIED) -> str:
        """The answer to `navigator.credentials.create`."""
        asked = json.loads(options)
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(cose)
        data = self._data(asked["rp"]["id"], flags | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"], origin)
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def get(self, options: str, origin: str, *, flags: int = PRESENT | VERIFIED) -> str:
        """The answer to `navigator.credentials.get`."""
        asked = json.loads(options)
        if self.counts:
            self.count += 1
        data = self._data(asked["rpId"], flags)
        client = self._client("webauthn.get", asked["challenge"], origin)
        signed = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signed)}
        )

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        return json.dumps(
            {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}
        )
