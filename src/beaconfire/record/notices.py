"""Space launches announced in advance: which of them an event may be, and how well each aspect of it fits.

Context for people, never suppression (WARNING part 2, rule 11): only what is shown to people reads this. The corridor
knows of no notice, so that no probability and no alert can hang on one. In: notices as their sources gave them, and a
line of `events.jsonl`. Out: fits, the best first, each aspect told by itself: a real attack may well come at a
promised hour, from another place.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import shapely
from geographiclib.geodesic import Geodesic
from msgspec import Meta
from shapely.geometry import shape

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.sensors import explain, parse_toml
from beaconfire.kernel.time import from_seconds, parse_utc

Text = Annotated[str, Meta(min_length=1, max_length=limits.MAX_TEXT_LENGTH)]
Corner = tuple[Annotated[float, Meta(ge=-180.0, le=180.0)], Annotated[float, Meta(ge=-90.0, le=90.0)]]

_SIGMAS = 3.0
_SITE_M = 20e3  # a launch centre is that large
_AZIMUTH_DEG = 15.0  # a launcher turns a little after its rise, and an early estimate of the way is coarse
_ROW = Mapping[str, Any]


class LaunchNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One announced window of a space launch; what a source left out is None or empty.

    `areas` are hazard areas, each its corners of (longitude_deg, latitude_deg) without the closing one.
    """

    id: Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")]
    source: Text
    reference: str = ""
    from_utc: str
    until_utc: str
    site: str = ""
    latitude_deg: Annotated[float, Meta(ge=-90.0, le=90.0)] | None = None
    longitude_deg: Annotated[float, Meta(ge=-180.0, le=180.0)] | None = None
    azimuth_deg: Annotated[float, Meta(ge=0.0, le=360.0)] | None = None
    areas: Annotated[tuple[tuple[Corner, ...], ...], Meta(max_length=20)] = ()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """How one notice fits one event: by aspect True, False, or None where it is not known. The time fits."""

    notice: LaunchNotice
    site: bool | None
    azimuth: bool | None
    area: bool | None
    site_km: float | None = None
    azimuth_off_deg: float | None = None

    @property
    def aspects(self) -> tuple[bool | None, ...]:
        """Place, azimuth, hazard area."""
        return (self.site, self.azimuth, self.area)

    @property
    def degree(self) -> str:
        """`well`: something beside the time fits and nothing speaks against it; `partly`; or `time` alone."""
        if False in self.aspects:
            return "partly" if True in self.aspects else "time"
        return "well" if True in self.aspects else "time"

    def words(self) -> str:
        """Return one line for people, in English."""
        notice = self.notice
        said = [f"time within {notice.from_utc} to {notice.until_utc}"]
        if self.site_km is not None:
            said.append(f"launch point {self.site_km:.0f} km from {notice.site or 'the site'}{_mark(self.site)}")
        if self.azimuth_off_deg is not None:
            said.append(f"azimuth {self.azimuth_off_deg:.0f} degrees off{_mark(self.azimuth)}")
        if self.area is not None:
            said.append("falls in an announced area" if self.area else "falls in no announced area (does not fit)")
        source = f"{notice.source}{f', {notice.reference}' if notice.reference else ''}"
        lead = {
            "well": "An announced space launch fits this time and place",
            "partly": "An announced space launch fits this time, and only partly else",
            "time": "An announced space launch fits this time; nothing else of it fits or is known",
        }[self.degree]
        return f"{lead} (source {source}): {'; '.join(said)}. Context only: no alert depends on it."


def parse_notices(content: bytes, *, where: str) -> tuple[LaunchNotice, ...]:
    """Return the `[[notice]]` tables of a file; raises `InvalidInput` naming every table that is wrong."""
    table = parse_toml(content, where=where)
    faults = [Fault(where, f"unknown table {name!r}", "[[notice]] only") for name in table if name != "notice"]
    notices: dict[str, LaunchNotice] = {}
    rows = table.get("notice", [])
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        place = f"{where}: notice {number}"
        try:
            notice = checked_notice(msgspec.convert(row, LaunchNotice), where=place)
        except msgspec.ValidationError as error:
            faults.append(explain(error, where=place, known=LaunchNotice.__struct_fields__))
            continue
        except InvalidInput as error:
            faults += error.faults
            continue
        if notice.id in notices:
            faults.append(Fault(place, f"uses the id {notice.id!r} twice", "an id of its own"))
        notices[notice.id] = notice
    if len(notices) > limits.MAX_LAUNCH_NOTICES:
        faults.append(Fault(where, f"has {len(notices)} notices", f"at most {limits.MAX_LAUNCH_NOTICES}"))
    if faults:
        raise InvalidInput(faults)
    return tuple(notices.values())


def checked_notice(notice: LaunchNotice, *, where: str) -> LaunchNotice:
    """Return a notice whose parts go together; raises `InvalidInput`."""
    begin_ns, end_ns = parse_utc(notice.from_utc, where=where), parse_utc(notice.until_utc, where=where)
    if end_ns <= begin_ns:
        raise InvalidInput.single(where, "ends before it begins", "from_utc before until_utc")
    if end_ns - begin_ns > from_seconds(limits.MAX_NOTICE_WINDOW_S):
        days = limits.MAX_NOTICE_WINDOW_S / 86_400.0
        raise InvalidInput.single(where, "is open too long", f"a window of at most {days:g} days")
    if (notice.latitude_deg is None) is not (notice.longitude_deg is None):
        raise InvalidInput.single(where, "has half a place", "both latitude_deg and longitude_deg, or neither")
    for corners in notice.areas:
        if len(corners) < 3 or not shapely.Polygon(corners).is_valid:
            raise InvalidInput.single(where, "has an area that is none", "three corners or more, not self-crossing")
    return notice


def fits(notices: Sequence[LaunchNotice], row: _ROW) -> tuple[Fit, ...]:
    """Return the notices in force whose window an event (a line of `events.jsonl`) falls into, the best fit first."""
    launch = row["launch"]
    time_ns = parse_utc(launch["time_utc"] if launch else row["issued_utc"])
    margin_ns = from_seconds(_SIGMAS * (launch["time_sigma_s"] if launch else 60.0))
    found = [
        _fit(notice, launch, row["impact"])
        for notice in notices
        if not notice.withdrawn
        and parse_utc(notice.from_utc) - margin_ns <= time_ns <= parse_utc(notice.until_utc) + margin_ns
    ]
    return tuple(sorted(found, key=lambda fit: (-fit.aspects.count(True), fit.aspects.count(False), fit.notice.id)))


def _fit(notice: LaunchNotice, launch: _ROW | None, impact: _ROW | None) -> Fit:
    site_km = off_deg = None
    site = azimuth = area = None
    place = _place(impact)
    if launch is not None and notice.latitude_deg is not None:
        away = _inverse(launch, notice.latitude_deg, notice.longitude_deg or 0.0)
        site_km = away["s12"] / 1e3
        site = away["s12"] <= _SITE_M + launch["ellipse_95"]["semi_major_m"]
    if launch is not None and place is not None and notice.azimuth_deg is not None:
        turned = _inverse(launch, place.y, place.x)["azi1"] - notice.azimuth_deg
        off_deg = abs((turned + 180.0) % 360.0 - 180.0)
        azimuth = off_deg <= _AZIMUTH_DEG
    if place is not None and notice.areas:
        area = any(shapely.Polygon(corners).covers(place) for corners in notice.areas)
    return Fit(notice, site, azimuth, area, site_km, off_deg)


def _inverse(launch: _ROW, latitude_deg: float, longitude_deg: float) -> dict[str, float]:
    found: dict[str, float] = Geodesic.WGS84.Inverse(
        launch["latitude_deg"], launch["longitude_deg"], latitude_deg, longitude_deg
    )
    return found


def _place(impact: _ROW | None) -> shapely.Point | None:
    """Where it will fall, or the middle of the area in which it may."""
    if impact is None:
        return None
    if impact["latitude_deg"] is not None and impact["longitude_deg"] is not None:
        return shapely.Point(impact["longitude_deg"], impact["latitude_deg"])
    middle = shape(impact["footprint_95"]).centroid
    return None if middle.is_empty or math.isnan(middle.x) else middle


def _mark(fit: bool | None) -> str:
    return " (fits)" if fit else " (does not fit)"
