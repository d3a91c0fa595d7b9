"""Fair queue of queries that wait for a process: users take turns, however many queries each of them has."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.errors import ServiceBusyError
from tap.engine.protocol import WaitingElsewhere

__all__ = ["FairQueue", "Ticket"]


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Place of one query in the queue: its turn, its number in order of arrival, and its lane."""

    owner: str
    turn: float
    number: int
    is_long: bool = False


class FairQueue:
    """Fair queue by virtual time (as in Demers, Keshav & Shenker 1989), with equal weights; not thread-safe.

    The first query of an owner has the turn that is current, each further one the turn after. So a query of somebody
    else goes before the second one of an owner. The current turn advances with each query that begins, also while new
    owners come all the time, so that nobody waits for ever.

    Parameters
    ----------
    most, most_of_owner
        Queries that may wait in total, and of one owner.
    elsewhere
        Returns what waits of an owner in the queues of other processes. An owner whose queries wait in several has a
        part of a share in each, and its limit holds for all of them.
    """

    def __init__(
        self, most: int, most_of_owner: int, elsewhere: Callable[[str], WaitingElsewhere] = lambda _: WaitingElsewhere()
    ) -> None:
        self._most = most
        self._most_of_owner = most_of_owner
        self._elsewhere = elsewhere
        self._waiting: list[Ticket] = []
        self._turn = 0.0
        self._number = 0
        self._turns: dict[str, float] = {}  # the next turn of owners whose turn is later than the current one

    def __len__(self) -> int:
        return len(self._waiting)

    def counts(self) -> Mapping[str, int]:
        """Return the number of waiting queries of each owner."""
        return Counter(ticket.owner for ticket in self._waiting)

    def join(self, owner: str, *, must_wait: bool, is_long: bool = False) -> Ticket:
        """Append a query.

        Parameters
        ----------
        must_wait
            Whether it counts as waiting, because no process is free for it.
        is_long
            Whether it is in the lane of long queries, which may have to wait while short ones begin.

        Raises
        ------
        ServiceBusyError
            Too many queries are waiting.
        """
        if must_wait and len(self) >= self._most:
            raise ServiceBusyError(
                f"{len(self)} queries are waiting, the limit of this service. Try again in a moment."
            )
        others = self._elsewhere(owner)
        of_owner = sum(ticket.owner == owner for ticket in self._waiting) + others.queries
        if must_wait and of_owner >= self._most_of_owner:
            raise ServiceBusyError(
                f"{of_owner} of your queries are waiting, the limit for one user. Try again when some have ended."
            )
        self._number += 1
        ticket = Ticket(owner, max(self._turn, self._turns.get(owner, 0.0)), self._number, is_long)
        self._turns[owner] = ticket.turn + 1 + others.processes
        self._waiting.append(ticket)
        return ticket

    def next(self, *, with_long: bool = True) -> Ticket | None:
        """Return the query whose turn it is, if any.

        Parameters
        ----------
        with_long
            Whether a long query may begin.
        """
        able = (ticket for ticket in self._waiting if with_long or not ticket.is_long)
        return min(able, key=lambda ticket: (ticket.turn, ticket.number), default=None)

    def begin(self, ticket: Ticket) -> None:
        """Declare that a query has a process; it is still in the queue."""
        owners = {waiting.owner for waiting in self._waiting}
        # A share for each owner, and one for whoever comes next, who so goes before the others' further queries.
        self._turn = max(self._turn, ticket.turn) + 1 / (len(owners) + 1)
        self._turns = {owner: turn for owner, turn in self._turns.items() if turn > self._turn}

    def leave(self, ticket: Ticket) -> None:
        """Remove a query that has a process or does not wait any longer."""
        self._waiting.remove(ticket)
