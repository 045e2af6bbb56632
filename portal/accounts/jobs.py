"""Daily: warn owners of accounts that nobody uses. What ends them is the retention of `privacy.py`."""

from portal.accounts.services import forgetting
from portal.core.actor import current


def warn() -> None:
    """Send the first and the last warning to whom they are due."""
    for user_ids, last in ((forgetting.to_warn(), False), (forgetting.to_warn_again(), True)):
        for start in range(0, len(user_ids), forgetting.BATCH):
            forgetting.warn(current(), user_ids[start : start + forgetting.BATCH], last=last)
