"""Bulletins: what a ministry would publish of one event, in plain words, in English, Korean and Japanese.

In: an event's revisions and the launch record. Out: Markdown. Facts are worked out once (`bulletin_facts`), so that the
three texts say the same; every sentence is a template of `data/bulletins`. An announcement is quoted as the claim of
its source and never mixed with the node's own estimate.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.kernel.time import format_utc, parse_utc
from beaconfire.record.answer import figure_of
from beaconfire.record.bulletin_facts import Facts, Row, Sight, Since, facts_of
from beaconfire.record.bulletin_place import sea_name
from beaconfire.record.bulletin_words import Words, words_of
from beaconfire.record.claims import Claim, CountBound
from beaconfire.record.launches import Launch
from beaconfire.record.notices import Fit, LaunchNotice, fits

_DIFFERENT = 0.02  # figures nearer than that are the same, rounded


def bulletin(
    revisions: Sequence[Row],
    launches: Sequence[Launch],
    *,
    language: Language,
    nation: str,
    languages: Sequence[Language] = LANGUAGES,
    areas: Sequence[str] = (),
    notices: Sequence[LaunchNotice] = (),
) -> str:
    """Return the bulletin of one event as Markdown.

    `revisions` are the event's lines of `events.jsonl` in order, `launches` the record as `associate` gives it,
    `languages` those the node is set to (the first names the seas in English), `areas` the names, in `language`, of
    areas that hold the place of impact where it is on land. `notices` are space launches announced in advance: one that
    fits is told, and changes nothing else.
    """
    writer = _Writer(facts_of(revisions, launches), words_of(language), nation, tuple(languages), tuple(areas))
    writer.notices = fits(notices, revisions[-1])
    return "\n".join(writer.lines()) + "\n"


class _Writer:
    """One bulletin in one language."""

    def __init__(
        self, facts: Facts, words: Words, nation: str, languages: tuple[Language, ...], areas: tuple[str, ...]
    ) -> None:
        self.facts, self.words, self.nation = facts, words, nation
        self._languages, self._areas = languages, areas
        self.notices: tuple[Fit, ...] = ()
        self._mark = words.mark(facts.row["realm"])

    def lines(self) -> Iterator[str]:
        """Yield the lines of the whole text."""
        facts, words, row = self.facts, self.words, self.facts.row
        date = words.date(facts.launch_ns)
        yield f"# {self._marked(words.say('title', date=date))}"
        yield ""
        yield from (self._lead(date), "")
        yield from ("| | |", "|---|---|")
        for name, text in self._rows():
            yield f"| {words.row(name)} | {text} |"
        for head, lines in (
            ("announced", self._announced()), ("differs", self._differs()), ("unknown", self._unknown()),
        ):  # fmt: skip
            yield from ("", f"## {words.head(head)}", "", *(f"- {line}" for line in lines))
        issued = row["issued_utc"][:19].replace("T", " ")
        picture = words.picture(row["picture"])
        yield ""
        yield self._marked(
            words.say(
                "byline", nation=self.nation, event=row["event_id"], revision=row["revision"], picture=picture,
                issued=issued,
            )
        )  # fmt: skip

    def _lead(self, date: str) -> str:
        """When, how many, whence; and whether the node is sure of it, or no longer is."""
        facts, words, row = self.facts, self.words, self.facts.row
        lead = "lead_space" if facts.sight.kind[0] == "space_launch" else "lead_one"
        lead = lead if facts.count == 1 else "lead_many"
        place = words.say("from_place", place=self._place()) if row["launch"] else words.say("from_unknown")
        count = words.number(facts.count)
        said = words.say(lead, clock=words.clock(facts.launch_ns), date=date, count=count, place=place)
        status = row["status"]
        return f"{said} {words.say(status)}" if status in ("suspected", "retracted") else said

    def _marked(self, text: str) -> str:
        return f"{self._mark} {text}" if self._mark else text

    def _rows(self) -> Iterator[tuple[str, str]]:
        facts, words = self.facts, self.words
        unknown = words.say("not_known")
        launch = facts.row["launch"]
        yield "type", self._type(facts.sight)
        yield "class", self._class(facts.sight)
        yield "time", self._time()
        yield "place", self._place(within=True) if launch else unknown
        yield "distance", self._with_claims(self._distance(facts.sight), "range")
        apogee = facts.sight.apogee_km
        yield "apogee", self._with_claims(words.say("apogee", km=words.km(apogee)) if apogee else unknown, "apogee")
        yield "fell", self._fell()
        count = words.say("count", count=words.number(facts.count), p=words.p(facts.row["count_probability"]))
        yield "count", count
        yield "since", words.say("then").join(self._since())
        nations = facts.row["contributors"] or [self.nation]
        alone = list(nations) == [self.nation]
        yield "observed", words.say("observed_alone", nation=self.nation) if alone else words.join(nations)

    def _time(self) -> str:
        launch, words = self.facts.row["launch"], self.words
        clock = words.clock(self.facts.launch_ns)
        return words.say("time", clock=clock, sigma=words.figure(launch["time_sigma_s"])) if launch else clock

    def _place(self, *, within: bool = False) -> str:
        launch, words = self.facts.row["launch"], self.words
        latitude, longitude = words.degrees(launch["latitude_deg"], "NS"), words.degrees(launch["longitude_deg"], "EW")
        if not within:
            return f"{latitude}, {longitude}"
        radius = words.figure(launch["ellipse_95"]["semi_major_m"] / 1e3)
        return words.say("place", latitude=latitude, longitude=longitude, radius=radius)

    def _type(self, sight: Sight) -> str:
        words = self.words
        name, p = sight.kind
        if sight.glide is not None:
            return words.say("type_glide", p=words.p(sight.glide))
        return words.say("type_stated" if p >= 0.95 else "type_unclear", kind=words.kind(name), p=words.p(p))

    def _class(self, sight: Sight) -> str:
        words = self.words
        name, p = sight.probable
        if name == "unknown":
            return words.say("class_unknown")
        if sight.least is None:
            return words.say("class_unclear", name=words.reach(name), p_name=words.p(p))
        least, p_least = sight.least
        return words.say(
            "class_least", least=words.reach(least), p_least=words.p(p_least), name=words.reach(name),
            p_name=words.p(p),
        )  # fmt: skip

    def _distance(self, sight: Sight) -> str:
        words = self.words
        if not sight.distance_km:
            return words.say("not_known")
        if len(sight.distance_km) == 1:
            return words.say("distance_point", km=words.km(sight.distance_km[0]))
        low, high = sight.distance_km
        return words.say("distance_between", low=words.km(low), high=words.km(high))

    def _with_claims(self, text: str, quantity: str) -> str:
        """An own estimate, and beside it what each source announced."""
        figures = self._claimed(quantity)
        if not figures:
            return text
        return text + self.words.say("then") + self.words.say("announced", figures=self.words.join(figures))

    def _claimed(self, quantity: str) -> list[str]:
        said = ((claim, self._figure(claim, quantity)) for claim in self.facts.announced)
        return [self.words.say("figure_of", figure=figure, source=claim.source) for claim, figure in said if figure]

    def _figure(self, claim: Claim, quantity: str) -> str:
        value_m, _, bound = figure_of(claim, "range" if quantity == "range" else "apogee")
        return "" if value_m is None else self.words.say(f"figure_{bound}", km=self.words.km(value_m / 1e3))

    def _fell(self) -> str:
        """Where it fell, or while it flies where it is expected to fall, and when."""
        impact, words = self.facts.row["impact"], self.words
        where = self._where()
        if self.facts.sight.fell is None or impact["time_utc"] is None:
            return where
        falls_ns = parse_utc(impact["time_utc"])
        if falls_ns <= parse_utc(self.facts.row["issued_utc"]):
            return where
        return words.say("fell_expected", fell=where, clock=words.clock(falls_ns))

    def _where(self) -> str:
        fell, words = self.facts.sight.fell, self.words
        if fell is None:
            return words.say("not_known")
        if not fell.at_sea:
            areas = words.say("fell_areas", areas=words.join(self._areas)) if self._areas else ""
            key = "fell_land" if fell.wholly else "fell_mostly_land"
            return words.say(key, areas=areas, percent=fell.percent)
        sea = sea_name(fell, language=words.language, languages=self._languages) or words.say("unnamed_sea")
        return words.say("fell_sea" if fell.wholly else "fell_mostly_sea", sea=sea, percent=fell.percent)

    def _since(self) -> Iterator[str]:
        facts, words = self.facts, self.words
        if facts.since is None:
            yield words.say("since_never")
            return
        yield words.say("since", date=words.date_of(facts.since.local_date), what=self._what(facts.since))
        if facts.since_least is not None and facts.sight.least is not None and facts.since_least != facts.since:
            least = words.reach(facts.sight.least[0])
            date, what = words.date_of(facts.since_least.local_date), self._what(facts.since_least)
            yield words.say("since_least", least=least, date=date, what=what)

    def _what(self, since: Since) -> str:
        words = self.words
        classes = "/".join(words.adjective(name) for name in since.classes)
        if since.exact and since.count == 1:
            return words.say("since_one", classes=classes)
        return words.say(
            "since_exact" if since.exact else "since_many", classes=classes, count=words.number(since.count)
        )

    def _announced(self) -> Iterator[str]:
        words = self.words
        for fit in self.notices:
            notice = fit.notice
            source = f"{notice.source}, {notice.reference}" if notice.reference else notice.source
            yield words.say(f"notice_{fit.degree}", source=source, begin=notice.from_utc, end=notice.until_utc)
        if not self.facts.announced:
            yield words.say("nothing_announced")
        for claim in self.facts.announced:
            classes = self._classes(claim)
            kind = words.source(claim.source_class)
            said = [words.say(f"said_{name}", figure=figure) for name in ("range", "apogee")
                    if (figure := self._figure(claim, name))]  # fmt: skip
            if claim.flight_time_s is not None:
                said.append(words.say("said_time", seconds=words.km(claim.flight_time_s)))
            figures = words.join([*([self._count(claim)] if claim.count else []), *said])
            named = f" ({claim.designation})" if claim.designation else ""
            key = "quoted" if figures else "quoted_plain"
            yield words.say(key, source=claim.source, kind=kind, classes=classes, designation=named, figures=figures)

    def _classes(self, claim: Claim) -> str:
        return "/".join(self.words.reach(name) for name in claim.missile_class.split("/"))

    def _each(self, claims: Sequence[Claim], told: Callable[[Claim], str]) -> str:
        """What each of several claims says, with its source."""
        return self.words.join(
            [self.words.say("figure_of", figure=told(claim), source=claim.source) for claim in claims]
        )

    def _count(self, claim: Claim) -> str:
        key = "said_count_exact" if claim.count_bound is CountBound.EXACT else "said_count"
        return self.words.say(key, count=self.words.number(claim.count or 0))

    def _differs(self) -> Iterator[str]:
        lines = [line for line in self._differences() if line]
        yield from lines or [self.words.say("differs_nothing")]

    def _differences(self) -> Iterator[str]:
        facts, words = self.facts, self.words
        own = words.say("own_name", nation=self.nation, picture=words.picture(facts.sight.picture))
        for quantity, mine in (("range", self._distance_short(facts.sight)), ("apogee", self._apogee_short())):
            if self._apart(quantity):
                figures = ([words.say("figure_of", figure=mine, source=own)] if mine else []) + self._claimed(quantity)
                yield words.say(f"differs_{quantity}", figures=words.join(figures))
        counted = [claim for claim in facts.announced if claim.count]
        if len({claim.count for claim in counted}) > 1:
            yield words.say("differs_count", figures=self._each(counted, self._count))
        if len({claim.missile_class for claim in facts.announced}) > 1:
            yield words.say("differs_class", figures=self._each(facts.announced, self._classes))
        if facts.alone is not None:
            yield self._pictures(facts.alone, facts.sight)

    def _pictures(self, alone: Sight, shared: Sight) -> str:
        words = self.words
        said: dict[str, Any] = {"nation": self.nation}
        for prefix, sight in (("", alone), ("shared_", shared)):
            (name, p), (kind, p_kind) = sight.probable, sight.kind
            said[f"{prefix}class"] = f"{words.reach(name)} {words.p(p)}"
            said[f"{prefix}kind"] = f"{words.kind(kind)} {words.p(p_kind)}"
            said[f"{prefix}distance"] = self._distance_short(sight) or words.say("not_known")
        return words.say("differs_pictures", **said)

    def _distance_short(self, sight: Sight) -> str:
        words = self.words
        return f"{'–'.join(words.km(value) for value in sight.distance_km)} km" if sight.distance_km else ""

    def _apogee_short(self) -> str:
        apogee = self.facts.sight.apogee_km
        return f"{self.words.km(apogee)} km" if apogee else ""

    def _apart(self, quantity: str) -> bool:
        """Whether two sources' figures, or the node's own and a source's, are of different size."""
        sight = self.facts.sight
        mine = (sight.apogee_km,) if quantity == "apogee" else sight.distance_km
        told = [figure_of(claim, "range" if quantity == "range" else "apogee")[0] for claim in self.facts.announced]
        values = [value / 1e3 for value in told if value is not None]
        if not values:
            return False
        values += [value for value in mine if value is not None]
        return max(values) - min(values) > _DIFFERENT * max(values)

    def _unknown(self) -> Iterator[str]:
        facts, words, row = self.facts, self.words, self.facts.row
        if facts.sight.glide is not None or facts.sight.kind[1] < 0.95:
            yield words.say("unknown_type")
        yield words.say("unknown_class")
        if row["impact_reason"] == "boosting":
            yield words.say("unknown_boosting")
        elif row["impact"] is None or row["impact"]["latitude_deg"] is None:
            yield words.say("unknown_impact")
        if facts.lost_ns is not None:
            yield words.say("unknown_lost", clock=format_utc(facts.lost_ns, decimals=0)[11:19])
        if row["launch"] is None:
            yield words.say("unknown_launch")
        yield words.say("unknown_count", count=words.number(facts.count))
        yield words.say("unknown_load")
