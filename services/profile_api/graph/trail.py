"""Leaves the trail of what an operation touched, before its answer leaves."""

from profile_api.audit.log import AuditLog, TrailFullError
from profile_api.audit.personal_data import PersonalDataRead
from profile_api.graph.question import OverloadedError
from profile_api.graph.reads import Asking, Touched

_LONGEST_NAME = 100
_LONGEST_SUBJECT = 200


class Trail:
    """What the engine says to the log of reads of personal data."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def leave_at_once(self, asking: Asking) -> bool:
        """Whether the read is accounted for; False when that takes waiting."""
        return asking.touched is None or self._log.record_at_once(_read(asking, asking.touched))

    async def leave(self, asking: Asking) -> None:
        """Errors: OverloadedError when the trail has no room until the deadline."""
        if asking.touched is None:
            return
        try:
            await self._log.record(_read(asking, asking.touched), within_s=asking.left_s)
        except TrailFullError as error:
            raise OverloadedError from error


def _read(asking: Asking, touched: Touched) -> PersonalDataRead:
    caller, name = asking.caller, asking.document.operation.name
    return PersonalDataRead(
        tenant_id=caller.tenant_id,
        at=asking.now,
        caller=caller.subject[:_LONGEST_SUBJECT],
        roles=caller.roles,
        operation=name.value[:_LONGEST_NAME] if name is not None else None,
        trace_id=asking.trace.decode(),
        customers=touched.customers,
        read=touched.read,
        withheld=touched.withheld,
    )
