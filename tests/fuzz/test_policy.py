"""The policy file under Hypothesis: any bytes become a policy or a list of faults; none widens it by accident."""

import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.release import Policy, parse_policy
from tests.exchange import grant_toml, policy_toml

GENUINE = policy_toml(grant_toml(), grant_toml("USA", name="u", kinds=["launch"]))
KEYS = ("partner", "realm", "kinds", "provenance", "sensors", "classes", "onward", "rate_hz", "delay_s", "valid_until")
values = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["KOR", "JPN", "LIVE", "launch"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(sign):08x}" for sign in value) + '"'
    return str(value)


def parsed(data: bytes) -> Policy | None:
    with contextlib.suppress(InvalidInput):
        return parse_policy(data, where="policy.toml")
    return None


@settings(max_examples=300)
@given(data=st.binary(max_size=300))
@example(data=b"\xff\xfe")
@example(data=b"version = 1e999")
@example(data=b"[" * 5_000)
@example(data=b"[[grant]]\n" * 1_001)
def test_any_bytes_are_a_policy_or_faults(data: bytes) -> None:
    policy = parsed(data)
    assert policy is None or policy.version >= 1


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), values, min_size=1))
def test_any_grant_is_within_its_words_or_refused(keys: dict[str, object]) -> None:
    lines = "\n".join(f"{key} = {written(value)}" for key, value in keys.items())
    policy = parsed(f'version = 1\nnation = "KOR"\n[[grant]]\n{lines}\n'.encode())
    for grant in () if policy is None else policy.grants:
        assert grant.realm in ("LIVE", "EXERCISE")
        assert grant.partner != "KOR"
        assert len(grant.partner) == 3


@settings(max_examples=300)
@given(at=st.integers(0, len(GENUINE) - 1), flip=st.integers(1, 255))
def test_a_flipped_byte_names_nobody_new_by_chance(at: int, flip: int) -> None:
    """One byte may make another code of a nation; it never makes a grant of what nobody wrote."""
    changed = GENUINE[:at] + bytes([GENUINE[at] ^ flip]) + GENUINE[at + 1 :]
    policy, genuine = parsed(changed), parsed(GENUINE)
    assert genuine is not None
    if policy is not None:
        assert len(policy.grants) <= len(genuine.grants)
        assert {kind for grant in policy.grants for kind in grant.kinds} <= {"launch", "trajectory", "impact"}
