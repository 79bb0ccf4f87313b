"""The launch record: claims, not facts; which are of one launch, what they answer, and whether physics allows them."""

from beaconfire.record.answer import Answer, first_since, how_many, told
from beaconfire.record.ask import ask
from beaconfire.record.claims import (
    Bound,
    Claim,
    CountBound,
    SourceClass,
    local_clock,
    local_date,
    source_class_of,
)
from beaconfire.record.events import claim_of_event_row, claims_of_event
from beaconfire.record.launches import Count, Launch, associate, count_of
from beaconfire.record.mapping import FIELDS, Mapping, parse_mapping
from beaconfire.record.table import read_claims, shipped_claims

__all__ = [
    "FIELDS",
    "Answer",
    "Bound",
    "Claim",
    "Count",
    "CountBound",
    "Launch",
    "Mapping",
    "SourceClass",
    "ask",
    "associate",
    "claim_of_event_row",
    "claims_of_event",
    "count_of",
    "first_since",
    "how_many",
    "local_clock",
    "local_date",
    "parse_mapping",
    "read_claims",
    "shipped_claims",
    "source_class_of",
    "told",
]
