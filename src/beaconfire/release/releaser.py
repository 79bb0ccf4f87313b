"""The one place that makes a `Released`: load a policy, decide each product for each partner, audit every answer.

In: a policy file's bytes, products, the node's time. Out: `Released` or `Withheld`, audit rows, and generations that
rise when a partner's policy narrows (by a load, by time, by a clock that is no longer trusted). Decisions are made at
the moment of sending: what waits for a delay or a rate is decided again when it is due.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.keyed import keyed_digest, source_id
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.kernel.products import (
    TRACK_KINDS,
    AuditRow,
    Kind,
    Product,
    Relayed,
    Released,
    WithdrawalBody,
    Withheld,
)
from beaconfire.kernel.time import from_seconds
from beaconfire.release.audit import Audit
from beaconfire.release.compare import widened
from beaconfire.release.core import Core, Rule, compile_core
from beaconfire.release.form import fault_of, release_of
from beaconfire.release.grants import Grant, Policy
from beaconfire.release.policy import parse_policy
from beaconfire.release.preview import PartnerView, Would, grant_views, preview
from beaconfire.release.redact import Redactor
from beaconfire.release.signing import needed, signers

_LATEST = 0  # in the place of a time: only the latest of a subject waits for its rate


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy took effect: its version, and the partners whose policy narrowed."""

    version: int
    narrowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed: partners whose policy narrowed by it, and products whose waiting is over, to be decided now."""

    narrowed: tuple[str, ...]
    due: tuple[tuple[str, Product], ...]


@dataclass(slots=True)
class _Given:
    """What a partner was told of one track or event."""

    revision: int
    paced_ns: int


class Releaser:
    """Decides what one node of one realm gives to whom; default deny, and nothing at all before a policy is loaded."""

    def __init__(self, *, nation: str, realm: Realm, secret: bytes) -> None:
        """Start with no policy; `secret` keys names, offsets and ids."""
        self._nation, self._realm, self._secret = nation, realm, secret
        self._redactor = Redactor(secret)
        self._policy = Policy(0, nation, ())
        self._core = Core({})
        self._grants: tuple[Grant, ...] = ()
        self._views: dict[str, bytes] = {}
        self._rule_ids: dict[str, bytes] = {}
        self._generations: dict[str, int] = {}
        self._given: dict[tuple[str, Kind, str], _Given] = {}
        self._held: dict[tuple[str, Kind, str, int], Product] = {}
        self._queue: list[tuple[int, int, tuple[str, Kind, str, int]]] = []
        self._queued = 0
        self._audit = Audit()
        self._barred: dict[str, str] = {}
        self._past: dict[tuple[str, Kind, str], int] = {}
        self.clock_trusted = True
        self.signed_by: tuple[str, ...] = ()
        self._ticked_ns = 0

    def load(self, data: bytes, *, where: str, people: Mapping[str, Person] = MappingProxyType({})) -> Loaded:
        """Take a policy file's bytes into force at once; `people` are those whose signatures count.

        Raises `InvalidInput` with every fault, also for another nation's policy, a version that does not rise, or in
        LIVE too few signatures; the policy in force then stays. The same version and content again change nothing.
        """
        policy = parse_policy(data, where=where)
        if policy.nation != self._nation:
            raise InvalidInput.single(f"{where}: nation", f"is {policy.nation}", f"{self._nation}, this node's nation")
        if policy == self._policy:
            return Loaded(policy.version, ())
        if policy.version <= self._policy.version:
            expected = f"more than {self._policy.version}, the version in force"
            raise InvalidInput.single(f"{where}: version", f"is {policy.version}", expected)
        narrowed = tuple(
            partner
            for partner in self.partners()
            if not _terms(self._policy, partner, self._realm) <= _terms(policy, partner, self._realm)
        )
        self.signed_by = self._signers(data, policy, where=where, people=people)
        self._policy, self._core = policy, compile_core(policy, self._realm)
        self._grants = tuple(grant for grant in policy.grants if grant.realm == self._realm)
        self._views = {partner: self._view(partner) for partner in self.partners()}
        self._rule_ids = {grant.id: self._rule_id(grant) for grant in policy.grants}
        return Loaded(policy.version, self._narrow(narrowed))

    def _signers(self, data: bytes, policy: Policy, *, where: str, people: Mapping[str, Person]) -> tuple[str, ...]:
        """Return who signed a new policy; raises `Refused` for a word that does not hold, or too few for the realm."""
        names = signers(data, nation=self._nation, realm=self._realm, people=people, where=where)
        wider = widened(self._policy, policy, self._realm)
        first = not self._grants and not wider  # what gives nothing after nothing needs nobody: a node's first file
        needs = needed(widens=bool(wider), changes=not first, realm=self._realm)
        if len(names) < needs:
            what = f"is signed by {', '.join(names) or 'nobody'}"
            why = f"for it gives more than the one in force (grant {', '.join(wider)})" if wider else "for any change"
            raise Refused("too_few", where=where, what=what, expected=f"{needs} officer(s) of people.toml, {why}")
        return names

    def trust_clock(self, trusted: bool) -> tuple[str, ...]:
        """Say whether the clock is trusted; timed grants count as expired while not. Returns partners narrowed."""
        lost = self.clock_trusted and not trusted
        self.clock_trusted = trusted
        timed = (grant.partner for grant in self._grants if grant.timed)
        return self._narrow(tuple(dict.fromkeys(timed))) if lost else ()

    def tick(self, now_ns: int) -> Ticked:
        """Let time pass: raise the generation of partners whose grants ran out, and hand back what is due."""
        ended = (
            grant.partner
            for grant in self._grants
            if grant.valid_until is not None and self._ticked_ns < grant.valid_until <= now_ns
        )
        narrowed = self._narrow(tuple(dict.fromkeys(ended)))
        self._ticked_ns = now_ns
        due: list[tuple[str, Product]] = []
        while self._queue and self._queue[0][0] <= now_ns:
            _, _, key = heapq.heappop(self._queue)
            product = self._held.pop(key, None)
            if product is not None:
                due.append((key[0], product))
        return Ticked(narrowed, tuple(due))

    def bar(self, partner: str, *, reason: str) -> tuple[Product, ...]:
        """Release nothing more to a partner, whatever its policy; returns what waited for a delay or a rate."""
        self._barred[partner] = reason
        self._narrow((partner,))
        waiting = [key for key in self._held if key[0] == partner]
        return tuple(self._held.pop(key) for key in waiting)

    def unbar(self, partner: str) -> None:
        """Let the policy decide again; what was kept back meanwhile is decided with `past`."""
        self._barred.pop(partner, None)
        self._past = {key: last_ns for key, last_ns in self._past.items() if key[0] != partner}

    def barred(self, partner: str) -> str:
        """Return why a partner gets nothing whatever its policy, or ""."""
        return self._barred.get(partner, "")

    def decide(
        self, product: Product, partner: str, *, now_ns: int, again: bool = False, past: bool = False
    ) -> Released | Withheld:
        """Decide one product for one partner now; a `Released` must be sent, for it counts as given.

        `again`: it was released before and not received, so that the rate does not bear on it. `past`: it is history,
        told in its order after what is true now, so that the rate is judged by the history's own times.
        """
        if partner in self._barred:
            decision: Released | Withheld = _withheld(product, partner, "", self._barred[partner])
        elif past and self._is_dense(product, partner, now_ns):
            decision = _withheld(product, partner, "", "rate")
        else:
            decision = self._decide(product, partner, now_ns, again or past)
        if isinstance(decision, Released):
            self._audit.yes(decision, now_ns=now_ns)
        else:
            self._audit.no(decision, now_ns=now_ns)
        return decision

    def preview(self, product: Product, partner: str, *, now_ns: int) -> Would:
        """Return what would be decided now, without deciding; rates are left out, for they only say when."""
        barred = self._barred.get(partner, "")
        return preview(self._core, product, partner, now_ns=now_ns, clock_trusted=self.clock_trusted, barred=barred)

    def overview(self, *, now_ns: int) -> tuple[PartnerView, ...]:
        """Return what the policy in force gives each partner."""
        return tuple(self._partner_view(partner, now_ns) for partner in self.partners())

    @property
    def policy(self) -> Policy:
        """The policy in force; version 0 before there is one."""
        return self._policy

    def generation(self, partner: str) -> int:
        """Return the policy generation of a partner: 0 before any policy named it."""
        return self._generations.get(partner, 0)

    def partners(self) -> tuple[str, ...]:
        """Return the nations that the policy in force names for this realm, sorted."""
        return tuple(sorted({grant.partner for grant in self._grants}))

    def compartments(self, partner: str) -> frozenset[str]:
        """Return the compartments that some grant gives a partner something of."""
        return frozenset(name for grant in self._grants if grant.partner == partner for name in grant.compartments)

    def fastest_period_s(self, kind: Kind) -> float | None:
        """Return the shortest time between two releases of one track that any partner may have, None for no grant."""
        rates = [grant.rate_hz for grant in self._grants if kind in grant.kinds]
        return 1.0 / max(rates) if rates else None

    def drain_audit(self, *, now_ns: int, everything: bool = False) -> tuple[AuditRow, ...]:
        """Return audit rows that are due (`everything`: at the end, also noes younger than a minute)."""
        return self._audit.drain(now_ns=now_ns, everything=everything)

    def _decide(self, product: Product, partner: str, now_ns: int, again: bool) -> Released | Withheld:
        if product.kind is Kind.WITHDRAWAL:
            return self._withdraw(product, partner, now_ns)
        rule, name, reason = self._core.find(product, partner, now_ns=now_ns, clock_trusted=self.clock_trusted)
        if rule is None:
            return _withheld(product, partner, name, reason)
        wait = self._wait(product, rule.grant, now_ns, again)
        return _withheld(product, partner, name, wait) if wait else self._release(product, rule, now_ns)

    def _is_dense(self, product: Product, partner: str, now_ns: int) -> bool:
        """Say whether a product of the past comes too soon, by its own time, after the one before it."""
        rule, *_ = self._core.find(product, partner, now_ns=now_ns, clock_trusted=self.clock_trusted)
        subject = (partner, product.kind, product.local_id)
        last_ns = self._past.get(subject)
        if rule is None or product.kind is Kind.WITHDRAWAL:
            return False
        if last_ns is not None and not product.urgent and product.time_ns < last_ns + _period_ns(rule.grant):
            return True
        self._past[subject] = product.time_ns
        return False

    def _withdraw(self, product: Product, partner: str, now_ns: int) -> Released | Withheld:
        body = product.body
        assert isinstance(body, WithdrawalBody)
        for key in [key for key in self._held if key[:3] == (partner, body.of, body.id)]:
            del self._held[key]
        if (partner, body.of, product.local_id) not in self._given:
            return _withheld(product, partner, "", "never_given")
        rule = self._core.in_force(body.of, partner, now_ns=now_ns, clock_trusted=self.clock_trusted)
        return self._release(product, rule, now_ns) if rule else _withheld(product, partner, "", "no_grant")

    def _wait(self, product: Product, grant: Grant, now_ns: int, again: bool) -> str:
        """Return why a product must wait ("delay" or "rate"), holding it where waiting helps, or ""."""
        subject = (grant.partner, product.kind, product.local_id)
        due_ns = product.time_ns + from_seconds(grant.delay_s)
        if grant.delay_s > 0.0 and now_ns < due_ns:
            self._hold((*subject, product.time_ns), product, due_ns)
            return "delay"
        given = self._given.get(subject)
        if given is None or product.urgent or again:
            return ""
        next_ns = given.paced_ns + _period_ns(grant)
        if _pace_ns(product, now_ns) >= next_ns:
            return ""
        if product.kind not in TRACK_KINDS:  # the last word of an assessment must arrive; a tracklet has a next one
            self._hold((*subject, _LATEST), product, next_ns)
        return "rate"

    def _hold(self, key: tuple[str, Kind, str, int], product: Product, due_ns: int) -> None:
        if key not in self._held:
            self._queued += 1
            heapq.heappush(self._queue, (due_ns, self._queued, key))
        self._held[key] = product
        if len(self._held) > limits.MAX_HELD:
            dropped = next(iter(self._held))
            lost = self._held.pop(dropped)
            self._audit.no(_withheld(lost, dropped[0], "", "waiting_full"), now_ns=self._ticked_ns)

    def _release(self, product: Product, rule: Rule, now_ns: int) -> Released | Withheld:
        if product.relayed is not None:
            return self._pass_on(product, product.relayed, rule, now_ns)
        grant = rule.grant
        body, obligations = self._redactor.redact(product, grant)
        subject = (grant.partner, product.kind, product.local_id)
        given = self._given.get(subject) or _Given(0, 0)
        identity = source_id(self._secret, record_hash=wire.body_hash(product.kind, product.body), kind=product.kind)
        release = release_of(
            product, body, grant, nation=self._nation, realm=self._realm, source_id=identity,
            revision=given.revision + 1, now_ns=now_ns, modified=bool(obligations),
            rule_id=self._rule_ids[rule.name], view=self._views[grant.partner],
        )  # fmt: skip
        encoded = codec.encode(release)
        fault = fault_of(release, encoded)
        if fault:
            return _withheld(product, grant.partner, rule.name, fault)
        paced_ns = max(given.paced_ns, _pace_ns(product, now_ns))
        self._note_given(subject, _Given(given.revision + 1, paced_ns), product.time_ns)
        return Released(
            partner=grant.partner,
            kind=product.kind,
            local_id=wire.body_id(body),
            generation=self.generation(grant.partner),
            rule=rule.name,
            obligations=obligations,
            source_id=identity,
            release=encoded,
            product=product,
            travels=bool(release.onward),
        )

    def _pass_on(self, product: Product, relayed: Relayed, rule: Rule, now_ns: int) -> Released | Withheld:
        """Release another nation's words to one on its list: signed, so that they cross as they are or not at all."""
        partner = rule.grant.partner
        subject = (partner, product.kind, product.local_id)
        given = self._given.get(subject) or _Given(0, 0)
        if product.kind is not Kind.WITHDRAWAL and self._redactor.redact(product, rule.grant)[1]:
            return _withheld(product, partner, rule.name, "unchangeable")
        paced_ns = max(given.paced_ns, _pace_ns(product, now_ns))
        self._note_given(subject, _Given(given.revision + 1, paced_ns), product.time_ns)
        return Released(
            partner=partner,
            kind=product.kind,
            local_id=wire.body_id(product.body),
            generation=self.generation(partner),
            rule=rule.name,
            obligations=(),
            source_id=relayed.source_id,
            release=relayed.release,
            product=product,
            origin_signature=relayed.signature,
        )

    def _note_given(self, key: tuple[str, Kind, str], given: _Given, time_ns: int) -> None:
        waiting = self._held.get((*key, _LATEST))
        if waiting is not None and waiting.time_ns <= time_ns:  # an older one waits no more; what came late is older
            del self._held[*key, _LATEST]
        self._given.pop(key, None)
        self._given[key] = given
        if len(self._given) > limits.MAX_RELEASE_SUBJECTS:
            del self._given[next(iter(self._given))]

    def _narrow(self, partners: tuple[str, ...]) -> tuple[str, ...]:
        """Raise the generation of these partners; a partner that is new in the policy starts at one."""
        for partner in partners:
            self._generations[partner] = self.generation(partner) + 1
        for partner in self.partners():
            self._generations.setdefault(partner, 1)
        return partners

    def _partner_view(self, partner: str, now_ns: int) -> PartnerView:
        grants = [grant for grant in self._grants if grant.partner == partner]
        return PartnerView(
            partner=partner,
            generation=self.generation(partner),
            view=self._views[partner].hex(),
            compartments=tuple(sorted(self.compartments(partner))),
            grants=grant_views(grants, now_ns=now_ns, clock_trusted=self.clock_trusted),
        )

    def _view(self, partner: str) -> bytes:
        grants = [grant for grant in self._grants if grant.partner == partner]
        return keyed_digest(self._secret, "policy", codec.encode(grants))

    def _rule_id(self, grant: Grant) -> bytes:
        return keyed_digest(self._secret, "rule", grant.partner, grant.id)[:8]


def _terms(policy: Policy, partner: str, realm: Realm) -> frozenset[Grant]:
    return frozenset(grant.terms() for grant in policy.grants if (grant.partner, grant.realm) == (partner, realm))


def _withheld(product: Product, partner: str, rule: str, reason: str) -> Withheld:
    return Withheld(partner, product.kind, product.local_id, rule, reason)


def _period_ns(grant: Grant) -> int:
    return from_seconds(1.0 / grant.rate_hz)


def _pace_ns(product: Product, now_ns: int) -> int:
    """Return the time a rate is judged by: a tracklet's own, however late it is decided; an assessment's sending."""
    return product.time_ns if product.kind in TRACK_KINDS else now_ns
