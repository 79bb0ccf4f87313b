"""The audit of release: every yes is a row; equal noes are one row a minute with count, first and last."""

from beaconfire.kernel import limits
from beaconfire.kernel.products import AuditRow, Released, Withheld
from beaconfire.kernel.time import from_seconds

_PERIOD_NS = from_seconds(limits.AUDIT_PERIOD_S)


class Audit:
    """Collects decisions until they are drained into the journal."""

    def __init__(self) -> None:
        """Start empty."""
        self._yes: list[AuditRow] = []
        self._no: dict[tuple[str, str, str, str], AuditRow] = {}

    def yes(self, released: Released, *, now_ns: int) -> None:
        """Note a release."""
        product = released.product
        self._yes.append(
            AuditRow(
                partner=released.partner,
                verdict="released",
                kind=released.kind,
                local_id=product.local_id,
                rule=released.rule,
                reason="",
                first_ns=now_ns,
                last_ns=now_ns,
                count=1,
                obligations=released.obligations,
                source_id=released.source_id,
            )
        )

    def no(self, withheld: Withheld, *, now_ns: int) -> None:
        """Note a refusal; equal ones are counted together."""
        key = (withheld.partner, withheld.kind, withheld.rule, withheld.reason)
        known = self._no.get(key)
        local_id = withheld.local_id if known is None or known.local_id == withheld.local_id else ""
        self._no[key] = AuditRow(
            partner=withheld.partner,
            verdict="withheld",
            kind=withheld.kind,
            local_id=local_id,
            rule=withheld.rule,
            reason=withheld.reason,
            first_ns=now_ns if known is None else known.first_ns,
            last_ns=now_ns,
            count=1 if known is None else known.count + 1,
        )

    def drain(self, *, now_ns: int, everything: bool = False) -> tuple[AuditRow, ...]:
        """Return the rows that are due: each yes, and noes a minute after the first of their kind."""
        if not self._yes and not self._no:
            return ()
        due = [key for key, row in self._no.items() if everything or now_ns - row.first_ns >= _PERIOD_NS]
        rows = (*self._yes, *(self._no.pop(key) for key in due))
        self._yes.clear()
        return rows
