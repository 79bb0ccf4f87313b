"""docs/wire.md and docs/policy.md say what the code does: fields in order, tags, keys, defaults, reasons, presets."""

import re

import msgspec
import pytest

from beaconfire.kernel import limits, products, wire
from beaconfire.kernel.records import CLASSES, KINDS, MODES, PHASES
from beaconfire.release import REASONS, Grant, parse_policy, preset_names
from tests.house import ROOT

WIRE = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
POLICY = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
RECORDS: dict[str, type[msgspec.Struct]] = {
    "signed": wire.Signed,
    "bundle": wire.Bundle,
    "bundle_root": wire.BundleRoot,
    "envelope": wire.Envelope,
    "release": wire.Release,
    "launch": products.LaunchBody,
    "trajectory": products.TrajectoryBody,
    "impact": products.ImpactBody,
    "detection": products.DetectionBody,
    "look": products.Look,
    "assessment": products.AssessmentBody,
    "sensor_status": products.SensorStatusBody,
    "alert_notice": products.AlertNoticeBody,
    "withdrawal": products.WithdrawalBody,
    "void": products.VoidBody,
    "epoch_close": products.EpochCloseBody,
    "caught_up": products.CaughtUpBody,
    "hello": wire.Hello,
    "beat": wire.Beat,
    "receipt": wire.Receipt,
    "suspend": wire.Suspend,
}


def section(text: str, title: str) -> str:
    match = re.search(rf"^(##+) {re.escape(title)}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"no section {title}"
    return match[2]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([^`|]+)` \|", text, re.MULTILINE)


def second_cells(text: str) -> list[str]:
    return re.findall(r"^\| `[^`|]+` \| (.*?) \|", text, re.MULTILINE)


@pytest.mark.parametrize("name", RECORDS)
def test_every_table_of_the_wire_has_the_fields_in_order(name: str) -> None:
    assert first_cells(section(WIRE, name)) == list(RECORDS[name].__struct_fields__)


@pytest.mark.parametrize("name", ["signed", "bundle", "bundle_root", "release", "hello", "beat", "receipt", "suspend"])
def test_tags(name: str) -> None:
    assert f"Tag `{RECORDS[name].__struct_config__.tag}`." in section(WIRE, name)


def test_envelope_tags() -> None:
    tags = [made.__struct_config__.tag for made in wire.ENVELOPE_TYPES.values()]
    assert section(WIRE, "envelope").startswith("Tag " + " or ".join(f"`{tag}`" for tag in tags))


def test_every_type_of_the_wire_is_specified() -> None:
    named = set(RECORDS.values())
    assert set(wire.BODY_TYPES.values()) <= named
    assert set(wire.Control.__args__) <= named


def test_vectors_of_probabilities_are_in_the_codes_order() -> None:
    text = " ".join(section(WIRE, "Bodies").split())
    for name, words in (("classes", CLASSES), ("kinds", KINDS), ("modes", MODES)):
        assert f"{name} {', '.join(words)}" in text
    assert f"Phases: {', '.join(PHASES)}" in " ".join(section(WIRE, "assessment").split())


def test_limits_of_the_wire() -> None:
    text = " ".join(WIRE.split())
    assert f"At most {limits.MAX_ENVELOPE_BYTES // 1024} KiB" in text
    assert f"at most {limits.MAX_FOOTPRINT_RINGS} rings, {limits.MAX_FOOTPRINT_POINTS} points in all" in text
    assert f"older than {limits.REPLAY_HORIZON_S // 60} minutes" in text
    assert f"more than {limits.FUTURE_TOLERANCE_S:g} s ahead" in text
    assert f"At most {limits.RECEIPT_RANGES} pairs".lower() in text.lower()
    assert f"at most {limits.MAX_PROVENANCE}" in text
    assert f"2 to {limits.MAX_BUNDLE} envelopes" in text
    assert f"at most {limits.MAX_BUNDLE_BYTES // 1024} KiB" in text
    assert f"1 to {limits.MAX_LOOKS} of the following" in text
    assert f"1 to {limits.MAX_ALERT_AREAS}, ISO 3166-2" in text
    assert limits.RESEND_AFTER_S == 2.0
    assert "within two seconds is sent again" in text
    assert limits.MAX_COVARIANCE_CONDITION == 1e12
    assert "6 tr R⁻¹ ≤ 10¹²" in text


def test_every_key_of_a_grant_is_described() -> None:
    keys = first_cells(section(POLICY, "Conditions")) + first_cells(section(POLICY, "Obligations"))
    assert sorted(keys) == sorted(Grant.__struct_fields__)


def test_defaults_of_a_grant() -> None:
    fields = {field.name: field for field in msgspec.structs.fields(Grant)}
    for title in ("Conditions", "Obligations"):
        text = section(POLICY, title)
        for key, said in zip(first_cells(text), second_cells(text), strict=True):
            if said == "required":
                assert fields[key].required, key
            elif said.startswith("`") and key != "id":
                default = fields[key].default
                written = str(list(default) if isinstance(default, tuple) else default).lower().replace("'", '"')
                assert said.strip("`") == written, key


def test_the_example_is_a_policy() -> None:
    example = re.search(r"^```toml\n(.*?)^```$", POLICY, re.MULTILINE | re.DOTALL)
    assert example is not None
    policy = parse_policy(example[1].encode(), where="docs/policy.md")
    assert [grant.partner for grant in policy.grants] == ["JPN", "USA"]


def test_reasons_in_order() -> None:
    assert first_cells(section(POLICY, "What happens when it changes")) == list(REASONS)


def test_presets() -> None:
    assert first_cells(section(POLICY, "Presets")) == list(preset_names())
