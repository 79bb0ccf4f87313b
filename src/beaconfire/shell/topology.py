"""Names on the broker and what may cross a link: accounts, streams, subjects, and the smallest permissions.

Subjects, all under the realm: `rel` carries released envelopes, `ctl` signed control messages, `src` the deliveries of
a sourced stream. Each names sender and receiver, so a permission can be one-directional.

    bf.<realm>.rel.<from>.<to>.<kind>.<id>     captured by the sender's LOG, heard at once by the receiver's DIRECT
    bf.<realm>.ctl.<from>.<to>.<kind>          never stored
    bf.<realm>.src.<from>.<to>.<inbox>         the sender's LOG and NOW on their way into the receiver's IN

Traps: two streams on one subject are refused, so NOW sources LOG; a stream is never made again under a name that was
used before, so the epoch is part of the name; a partner without permissions could purge our outbox. The listener
grants the partner's leaf user an allow list. The dialer has no user to put it on, only a deny list, which works in both
directions at once: it names every administrative call but the one needed. What it cannot name are the subjects of our
own releases, so a listener may write into the outbox that goes to itself; it harms nobody but itself, and the envelopes
are signed.
"""

from collections.abc import Iterable

from beaconfire.kernel.labels import Realm

_CONSUMER_VERBS = ("DELETE", "DURABLE", "INFO", "LEADER", "LIST", "MSG", "NAMES", "PAUSE", "RESET", "UNPIN")
_OTHER_APIS = ("ACCOUNT", "DIRECT", "INFO", "META", "SERVER", "STREAM")


class Lane:
    """All names of one nation's side of one pair: `me` talks to `partner` in `realm`, in my `epoch`."""

    def __init__(self, me: str, partner: str, *, realm: Realm, epoch: int) -> None:
        """Hold the names; nothing is created here."""
        self.me, self.partner, self.realm, self.epoch = me, partner, realm, epoch

    @property
    def account(self) -> str:
        """The boundary account of the partner on our server."""
        return account_name(self.partner, self.realm)

    @property
    def log(self) -> str:
        """Our outbox stream."""
        return log_name(self.partner, self.epoch)

    @property
    def now(self) -> str:
        """Our stream of last values."""
        return now_name(self.partner, self.epoch)

    @property
    def inbox(self) -> str:
        """Our stream of what the partner sent."""
        return f"IN_{self.partner}"

    @property
    def sent(self) -> str:
        """The subjects of what we release to the partner, as a prefix."""
        return f"bf.{self.realm}.rel.{self.me}.{self.partner}"

    @property
    def received(self) -> str:
        """The subjects of what the partner releases to us, as a prefix."""
        return f"bf.{self.realm}.rel.{self.partner}.{self.me}"

    @property
    def control_sent(self) -> str:
        """The subjects of our control messages, as a prefix."""
        return f"bf.{self.realm}.ctl.{self.me}.{self.partner}"

    @property
    def control_received(self) -> str:
        """The subjects of the partner's control messages, as a prefix."""
        return f"bf.{self.realm}.ctl.{self.partner}.{self.me}"

    @property
    def source_sent(self) -> str:
        """Where our LOG and NOW are delivered to the partner's inbox stream, as a prefix."""
        return f"bf.{self.realm}.src.{self.me}.{self.partner}"

    @property
    def source_received(self) -> str:
        """Where the partner's streams are delivered to our inbox stream, as a prefix."""
        return f"bf.{self.realm}.src.{self.partner}.{self.me}"

    @property
    def partner_api(self) -> str:
        """The prefix of the partner's JetStream calls as seen from our server."""
        return f"$JS.{self.partner}.API"

    def may_enter(self) -> tuple[str, ...]:
        """What a dialing partner may publish into our boundary account."""
        create = f"$JS.{self.me}.API.CONSUMER.CREATE"
        calls = [f"{create}.{stream}{tail}" for stream in (self.log, self.now) for tail in ("", ".>")]
        flow = [f"$JS.FC.{stream}.>" for stream in (self.log, self.now)]
        return (
            f"{self.received}.>", f"{self.control_received}.>", f"{self.source_received}.>", "$JSC.R.*", *calls, *flow,
        )  # fmt: skip

    def may_leave(self) -> tuple[str, ...]:
        """What a dialing partner may hear from our boundary account."""
        return (
            f"{self.sent}.>", f"{self.control_sent}.>", f"{self.source_sent}.>", "$JSC.R.*",
            f"$JS.{self.partner}.API.CONSUMER.CREATE.>", "$JS.FC.>",
        )  # fmt: skip

    def never_enter(self) -> tuple[str, ...]:
        """What the partner whose listener we dial may not publish into our boundary account."""
        api = f"$JS.{self.me}.API"
        calls = [f"{api}.{name}{tail}" for name in _OTHER_APIS for tail in ("", ".>")]
        calls += [f"{api}.CONSUMER.{verb}{tail}" for verb in _CONSUMER_VERBS for tail in ("", ".>")]
        calls += [f"{api}.CONSUMER.CREATE.{self.inbox}{tail}" for tail in ("", ".>")]
        return (*calls, f"$JS.FC.{self.inbox}.>", *OWN_AFFAIRS)

    def never_leave(self) -> tuple[str, ...]:
        """What we never let the partner's listener hear: our own administration."""
        return (f"$JS.{self.me}.API.>", *OWN_AFFAIRS)


REPLIES = "bf-own"  # replies to our own client
OWN_AFFAIRS = ("$JS.API.>", "$JS.ACK.>", "$SYS.>", "_INBOX.>", f"{REPLIES}.>")  # never cross


def account_name(partner: str, realm: Realm) -> str:
    """Return the name of a partner's boundary account on our server."""
    return ("P_" if realm is Realm.LIVE else "X_") + partner


def log_name(partner: str, epoch: int) -> str:
    """Return the name of an outbox for `partner` in `epoch`."""
    return f"LOG_{partner}_{epoch}"


def now_name(partner: str, epoch: int) -> str:
    """Return the name of the last values for `partner` in `epoch`."""
    return f"NOW_{partner}_{epoch}"


def quoted(subjects: Iterable[str]) -> str:
    """Return subjects as a list of the broker's configuration language."""
    return "[" + ", ".join(f'"{subject}"' for subject in subjects) + "]"
