"""What the script of a page finds out: the numbers that solve a challenge."""

from portal.core import proof


def solution_of(token: str, wanted: int) -> str:
    """The numbers of all parts; for tests that ask for little work."""
    return ".".join(
        next(str(n) for n in range(100_000) if proof.solves(token, part, str(n), wanted))
        for part in range(proof.PARTS)
    )
