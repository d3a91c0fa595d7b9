"""Ledger of what clients were told while parts were killed: that must hold afterwards, and nothing else need."""

import threading
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["Ledger"]


@dataclass(slots=True)
class Ledger:
    """What clients were told; they hold its lock while they change its files and products, or go through them.

    Parameters
    ----------
    files
        Each file by its name with all contents that it may have now; None among them means that it may be missing.
    products
        The products that were made, by number; true when their publication was answered.
    deleted
        Numbers of products whose deletion was answered.
    unsure
        Numbers of products whose deletion was begun, and not answered.
    jobs
        Addresses of jobs, without the part of the server.
    wrong
        Answers that said that they were whole and were not.
    done
        Actions that were answered, whatever the answer was.
    succeeded
        How often each action did what it was to do, by its name.
    """

    files: dict[str, set[bytes | None]] = field(default_factory=dict)
    products: dict[int, bool] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    unsure: set[int] = field(default_factory=set)
    jobs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: int = 0
    succeeded: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def published(self) -> list[int]:
        """Numbers of the published products whose deletion was not begun."""
        gone = self.deleted | self.unsure
        return sorted(number for number, is_published in self.products.items() if is_published and number not in gone)

    def note(self, action: str, *, is_success: bool) -> None:
        """Count an action that was answered."""
        with self.lock:
            self.done += 1
            self.succeeded[action] += is_success
