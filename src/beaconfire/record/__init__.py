"""The launch record: claims, not facts; which are of one launch, what they answer, and whether physics allows them."""

from beaconfire.record.answer import Answer, first_since, how_many, told
from beaconfire.record.ask import ask
from beaconfire.record.bulletin import bulletin
from beaconfire.record.check import Finding, Verdict, check, report
from beaconfire.record.claims import (
    SENSED,
    Bound,
    Claim,
    CountBound,
    SourceClass,
    local_clock,
    local_date,
    source_class_of,
)
from beaconfire.record.events import claims_of_event, read_events
from beaconfire.record.export import claim_row, launch_row, to_csv, to_geojson
from beaconfire.record.gather import Gatherer
from beaconfire.record.launches import Count, Launch, associate, count_of
from beaconfire.record.mapping import FIELDS, Mapping, checked, parse_mapping
from beaconfire.record.notices import Fit, LaunchNotice, checked_notice, fits, parse_notices
from beaconfire.record.page import launch_html, launch_page
from beaconfire.record.plots import PLOTS, plot
from beaconfire.record.table import read_claims, shipped_claims

__all__ = [
    "FIELDS",
    "PLOTS",
    "SENSED",
    "Answer",
    "Bound",
    "Claim",
    "Count",
    "CountBound",
    "Finding",
    "Fit",
    "Gatherer",
    "Launch",
    "LaunchNotice",
    "Mapping",
    "SourceClass",
    "Verdict",
    "ask",
    "associate",
    "bulletin",
    "check",
    "checked",
    "checked_notice",
    "claim_row",
    "claims_of_event",
    "count_of",
    "first_since",
    "fits",
    "how_many",
    "launch_html",
    "launch_page",
    "launch_row",
    "local_clock",
    "local_date",
    "parse_mapping",
    "parse_notices",
    "plot",
    "read_claims",
    "read_events",
    "report",
    "shipped_claims",
    "source_class_of",
    "to_csv",
    "to_geojson",
    "told",
]
