"""`beaconfire notice`: space launches announced in advance, as context beside events; they suppress nothing."""

from __future__ import annotations

from json import dumps
from typing import Annotated, Any

from cyclopts import App, Parameter

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]
Areas = Annotated[list[str] | None, Parameter(name="--area", negative="")]


def register(app: App) -> None:
    """Add the `notice` group."""
    group = App(name="notice", help="Space launches announced in advance: context for people, never suppression.")
    group.command(add)
    group.command(list_, name="list")
    group.command(withdraw)
    app.command(group)


def add(
    id: str,
    *,
    source: str,
    from_: Annotated[str, Parameter(name="--from")],
    until: str,
    reference: str = "",
    site: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    azimuth: float | None = None,
    areas: Areas = None,
) -> None:
    """Add an announced launch window; the same words again change nothing.

    Parameters
    ----------
    id
        A name of your own, such as the warning's number.
    source
        Who announced it.
    from_
        When the window opens, UTC: 2025-01-06T02:00Z.
    until
        When it closes.
    reference
        Where it was published.
    site
        Name of the launch site.
    latitude
        Of the site, degrees north.
    longitude
        Of the site, degrees east.
    azimuth
        Of the flight, degrees from north to east.
    areas
        A hazard area as longitude,latitude of its corners, separated by spaces; several times for several.
    """
    from msgspec import ValidationError, convert

    from beaconfire.kernel.errors import InvalidInput
    from beaconfire.kernel.sensors import explain
    from beaconfire.record import LaunchNotice
    from beaconfire.shell.noticestore import NoticeStore

    given: dict[str, Any] = {
        "id": id, "source": source, "reference": reference, "from_utc": from_, "until_utc": until, "site": site,
        "latitude_deg": latitude, "longitude_deg": longitude, "azimuth_deg": azimuth,
        "areas": [_corners(text) for text in areas or []],
    }  # fmt: skip
    try:
        notice = convert(given, LaunchNotice)
    except ValidationError as error:
        raise InvalidInput([explain(error, where="notice", known=LaunchNotice.__struct_fields__)]) from None
    store = NoticeStore()
    store.add(notice)
    print(f"{notice.id}: in {store.path}")


def list_(*, json: Json = False) -> None:
    """List the announced launches, the withdrawn too.

    Parameters
    ----------
    json
        Print them as JSON.
    """
    from msgspec import to_builtins

    from beaconfire.shell.noticestore import NoticeStore

    notices = NoticeStore().notices()
    if json:
        print(dumps([to_builtins(notice) for notice in notices], ensure_ascii=False, indent=2))
        return
    for notice in notices:
        standing = "  (withdrawn)" if notice.withdrawn else ""
        print(
            f"{notice.id:20} {notice.from_utc} to {notice.until_utc}  {notice.site or '-'}  {notice.source}{standing}"
        )


def withdraw(id: str) -> None:
    """Take a notice back; it stays in the file as withdrawn.

    Parameters
    ----------
    id
        Of `notice list`.
    """
    from beaconfire.shell.noticestore import NoticeStore

    NoticeStore().withdraw(id)
    print(f"{id}: withdrawn")


def _corners(text: str) -> list[list[float]]:
    from beaconfire.kernel.errors import UsageError

    try:
        return [[float(number) for number in corner.split(",")] for corner in text.split()]
    except ValueError:
        raise UsageError(f"--area {text!r}: longitude,latitude of each corner, such as 130,40 131,40 131,41") from None
