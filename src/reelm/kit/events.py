"""Typed domain events: how a lower room tells higher ones, without importing them.

A service publishes an event inside its unit of work; handlers, registered in entrypoints, run in the same
transaction, in the order of registration. A handler that raises undoes the act.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from reelm.kit.database import UnitOfWork


class DomainEvent(msgspec.Struct, frozen=True):
    """Base of every event; an event is a fact in the past tense."""


E = TypeVar("E", bound=DomainEvent)
Handler = Callable[[UnitOfWork, E], Awaitable[None]]


class EventBus:
    """Where events meet their handlers. Built once per process."""

    def __init__(self) -> None:
        self._handlers: dict[type[DomainEvent], list[Handler[Any]]] = defaultdict(list)

    def on(self, kind: type[E], handler: Handler[E]) -> None:
        self._handlers[kind].append(handler)

    async def publish(self, uow: UnitOfWork, event: DomainEvent) -> None:
        """Run the handlers of `event` in the caller's transaction."""
        for handler in self._handlers[type(event)]:
            await handler(uow, event)
