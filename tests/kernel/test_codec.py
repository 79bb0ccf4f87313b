"""The codec: one canonical form, typed refusals only, and covariances that cover after rounding.

Oracles: `numpy.linalg` and `scipy.linalg` for factors and definiteness, msgspec's own reading of other encodings.
"""

import contextlib
import math
import struct

import msgspec
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import InvalidInput, Refused
from tests.exchange import MEAN, SIGMAS, covariances, release, trajectory_body

F32_EPS = 2.0**-23  # spacing of float32 next to one: what rounding a factor can add, relative
COVER_TOLERANCE = 1e-9  # rounding of the oracle's own generalised eigenvalues at the conditions used here


def refusal(data: bytes, kind: object = wire.Release, limit: int = 16_384) -> str:
    with pytest.raises(Refused) as caught:
        codec.decode(data, kind, where="here", limit=limit)
    assert caught.value.faults[0].where == "here"
    return caught.value.reason


class TestDecode:
    def test_round_trip(self) -> None:
        record = release()
        assert codec.decode(codec.encode(record), wire.Release, where="here", limit=16_384) == record

    def test_too_large_before_anything_is_read(self) -> None:
        assert refusal(bytes(101), limit=100) == "too_large"

    @pytest.mark.parametrize("data", [b"", b"\xc1", b"\xdd", codec.encode(release())[:-1]])
    def test_malformed(self, data: bytes) -> None:
        assert refusal(data) == "malformed"

    def test_trailing_bytes(self) -> None:
        assert refusal(codec.encode(release()) + b"\x00") == "malformed"

    def test_text_that_is_not_utf8(self) -> None:
        data = codec.encode(release()).replace(b"\xa3KOR", b"\xa3\xed\xa0\x80", 1)
        assert refusal(data) == "malformed"

    def test_unknown_extra_field(self) -> None:
        fields = msgspec.msgpack.decode(codec.encode(release()))
        assert refusal(codec.encode([*fields, 1])) == "invalid"

    def test_wrong_tag(self) -> None:
        fields = msgspec.msgpack.decode(codec.encode(release()))
        assert refusal(codec.encode(["hello", *fields[1:]])) == "invalid"

    @pytest.mark.parametrize("revision", [-1, 2**63, 2**64 - 1])
    def test_integers_are_bounded(self, revision: int) -> None:
        fields = msgspec.msgpack.decode(codec.encode(release()))
        fields[wire.Release.__struct_fields__.index("revision") + 1] = revision
        assert refusal(codec.encode(fields)) == "invalid"

    def test_an_integer_in_a_longer_form_is_not_canonical(self) -> None:
        """MessagePack can write 1 in one byte or in nine; only the shortest is ours."""
        data = codec.encode((1, 2))
        long = data.replace(b"\x01", b"\xcf" + struct.pack(">Q", 1), 1)
        assert msgspec.msgpack.decode(long) == [1, 2]
        assert refusal(long, tuple[int, int]) == "not_canonical"

    def test_an_integer_or_a_short_float_for_a_float_is_not_canonical(self) -> None:
        for written in (b"\x01", b"\xca" + struct.pack(">f", 1.0)):
            assert refusal(b"\x91" + written, tuple[float]) == "not_canonical"

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -1e-300])
    def test_floats_out_of_bounds(self, value: float) -> None:
        body = msgspec.structs.replace(trajectory_body(), modes=(value, 0.0, 0.0, 0.0))
        assert refusal(codec.encode(body), type(body)) == "invalid"

    def test_deep_nesting_is_refused(self) -> None:
        assert refusal(b"\x91" * 5000, limit=16_384) in ("malformed", "invalid")


class TestState:
    def test_round_trip_is_exact(self) -> None:
        assert np.array_equal(codec.unpack_state(codec.pack_state(MEAN), where="x"), MEAN)

    def test_little_endian(self) -> None:
        assert codec.pack_state(MEAN) == struct.pack("<6d", *MEAN)

    @pytest.mark.parametrize(
        ("axis", "value"),
        [(0, math.nan), (1, math.inf), (2, 2e8), (3, 1e6), (4, -math.inf), (5, math.nan)],
    )
    def test_what_no_object_has_is_refused(self, axis: int, value: float) -> None:
        state = MEAN.copy()
        state[axis] = value
        with pytest.raises(Refused, match="m from the centre"):
            codec.unpack_state(codec.pack_state(state), where="x")

    def test_the_centre_of_the_earth_is_refused(self) -> None:
        with pytest.raises(Refused, match="from the centre"):
            codec.unpack_state(bytes(48), where="x")

    def test_wrong_size(self) -> None:
        with pytest.raises(Refused, match="is 47 bytes; expected 48"):
            codec.unpack_state(bytes(47), where="x")


class TestCovariance:
    def test_diagonal_survives_to_float32(self) -> None:
        given_ = np.diag(SIGMAS**2)
        back = codec.unpack_covariance(codec.pack_covariance(given_), where="x")
        assert np.allclose(back, given_, rtol=8 * F32_EPS, atol=0.0)

    def test_zero_has_one_form(self) -> None:
        factor = np.frombuffer(codec.pack_covariance(np.diag([900.0, 1600.0, 625.0, 9.0, 4.0, 16.0])), "<f4")
        assert not np.signbit(factor).any()

    def test_layout_is_the_lower_factor_row_by_row(self) -> None:
        rng = np.random.default_rng(5)
        root = rng.normal(size=(6, 6))
        covariance = root @ root.T + np.eye(6)
        sent = np.frombuffer(codec.pack_covariance(covariance), "<f4")
        assert np.allclose(sent, np.linalg.cholesky(covariance)[np.tril_indices(6)], rtol=1e-5, atol=1e-6)

    @given(covariances(min_sigma=1.0, max_sigma=1e4))
    def test_what_arrives_covers_what_was_meant(self, covariance: np.ndarray) -> None:
        """The smallest generalised eigenvalue of (arrived, meant) is one or more, the largest hardly above."""
        back = codec.unpack_covariance(codec.pack_covariance(covariance), where="x")
        ratios = scipy.linalg.eigh(back, (covariance + covariance.T) / 2, eigvals_only=True)
        assert ratios[0] >= 1.0 - COVER_TOLERANCE
        assert ratios[-1] <= 1.02  # ‖L⁻¹E‖ ≤ 1e4 · 6 · 2⁻²⁴ for a factor of condition 1e4

    @given(covariances(min_sigma=0.01, max_sigma=3e5))
    def test_even_at_the_worst_condition_it_is_definite_and_taken(self, covariance: np.ndarray) -> None:
        back = codec.unpack_covariance(codec.pack_covariance(covariance), where="x")
        assert np.linalg.eigvalsh(back / np.sqrt(np.outer(back.diagonal(), back.diagonal())))[0] > 0.0
        assert np.all(back.diagonal() >= covariance.diagonal() * (1.0 - COVER_TOLERANCE))

    def test_a_short_axis_beside_an_unobserved_one_keeps_its_length(self) -> None:
        """30 m across a line 300 km long: rounding the elements of P to float32 would lose it."""
        direction = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) / math.sqrt(3.0)
        covariance = np.diag([900.0, 900.0, 900.0, 1.0, 1.0, 1.0]) + 9e10 * np.outer(direction, direction)
        across = np.array([1.0, -1.0, 0.0, 0.0, 0.0, 0.0]) / math.sqrt(2.0)
        back = codec.unpack_covariance(codec.pack_covariance(covariance), where="x")
        assert math.sqrt(across @ back @ across) == pytest.approx(30.0, rel=0.01)
        naive = covariance.astype(np.float32).astype(float)
        assert across @ naive @ across != pytest.approx(900.0, rel=0.2)

    def test_a_semidefinite_one_is_enlarged(self) -> None:
        ones = np.ones((6, 6)) * 100.0
        back = codec.unpack_covariance(codec.pack_covariance(ones), where="x")
        assert np.linalg.eigvalsh(back)[0] > 0.0
        assert back.diagonal() == pytest.approx(np.full(6, 100.0), rel=1e-3)

    def test_an_asymmetric_one_is_averaged(self) -> None:
        covariance = np.eye(6)
        covariance[0, 1] = 0.5
        back = codec.unpack_covariance(codec.pack_covariance(covariance), where="x")
        assert back[0, 1] == pytest.approx(0.25, rel=1e-6)

    @pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
    def test_what_is_no_covariance_is_an_error_at_the_sender(self, value: float) -> None:
        covariance = np.eye(6)
        covariance[3, 3] = value
        with pytest.raises(InvalidInput, match="covariance: is not one"):
            codec.pack_covariance(covariance)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_a_factor_that_is_not_finite(self, value: float) -> None:
        self._refused(self._factor(1, value), "finite")

    @pytest.mark.parametrize("value", [0.0, -1.0, -0.0])
    def test_a_diagonal_that_is_not_positive(self, value: float) -> None:
        self._refused(self._factor(2, value), "positive")

    @pytest.mark.parametrize(("at", "value"), [(0, 1e9), (20, 1e7), (0, 1e-6), (0, 3e38)])
    def test_a_standard_deviation_out_of_bounds(self, at: int, value: float) -> None:
        self._refused(self._factor(at, value), "standard deviation")

    def test_a_condition_above_the_limit(self) -> None:
        """Row 1 of the factor is (1, 1e-7): a correlation of 1 - 5e-15, condition 4e14."""
        factor = self._factor(1, 1.0)
        factor[2] = 1e-7
        self._refused(factor, "condition")

    def test_the_condition_has_no_units(self) -> None:
        """Metres and millimetres per second side by side are no fault."""
        covariance = np.diag([1e14, 1e14, 1e14, 1e-6, 1e-6, 1e-6])
        assert codec.unpack_covariance(codec.pack_covariance(covariance), where="x") == pytest.approx(
            covariance, rel=1e-5
        )

    def test_wrong_size(self) -> None:
        with pytest.raises(Refused, match="is 80 bytes; expected 84"):
            codec.unpack_covariance(bytes(80), where="x")

    @given(st.binary(min_size=84, max_size=84))
    def test_any_84_bytes_are_a_covariance_or_refused(self, blob: bytes) -> None:
        back = None
        with contextlib.suppress(Refused):
            back = codec.unpack_covariance(blob, where="x")
        if back is not None:
            assert np.isfinite(back).all()
            assert np.array_equal(back, back.T)
            assert (back.diagonal() > 0.0).all()

    @staticmethod
    def _factor(at: int, value: float) -> np.ndarray:
        factor = np.eye(6)[np.tril_indices(6)]
        factor[at] = value
        return factor

    @staticmethod
    def _refused(factor: np.ndarray, words: str) -> None:
        with pytest.raises(Refused, match=words) as caught:
            codec.unpack_covariance(factor.astype("<f4").tobytes(), where="x")
        assert caught.value.reason == "covariance"


class TestCovariance2:
    @pytest.mark.parametrize("good", [(4e6, 1e6, 9e6), (1.0, 0.0, 1e12), (1e10, 9.99e9, 1e10)])
    def test_taken(self, good: tuple[float, float, float]) -> None:
        assert np.linalg.eigvalsh([[good[0], good[1]], [good[1], good[2]]])[0] > 0.0
        codec.check_covariance_2(good, where="x")

    @pytest.mark.parametrize(
        "bad",
        [
            (0.0, 0.0, 1.0),
            (1.0, 1.0, 1.0),
            (1.0, -2.0, 1.0),
            (-1.0, 0.0, 1.0),
            (math.nan, 0.0, 1.0),
            (1.0, math.nan, 1.0),
        ],
    )
    def test_refused(self, bad: tuple[float, float, float]) -> None:
        with pytest.raises(Refused) as caught:
            codec.check_covariance_2(bad, where="x")
        assert caught.value.reason == "covariance"


class TestRings:
    RING = ((140.0, 40.0), (141.5, 40.0), (141.5, 41.25), (140.0, 40.0))

    def test_round_trip(self) -> None:
        assert codec.unpack_rings(codec.pack_rings([self.RING]), where="x") == (self.RING,)

    def test_no_rings(self) -> None:
        assert codec.unpack_rings(codec.pack_rings([]), where="x") == ()

    @given(st.lists(st.integers(4, 400), min_size=1, max_size=12))
    def test_thinned_to_what_the_wire_takes(self, sizes: list[int]) -> None:
        rings = [[(math.cos(a), math.sin(a)) for a in np.linspace(0.0, math.tau, size)] for size in sizes]
        for ring in rings:
            ring[-1] = ring[0]
        back = codec.unpack_rings(codec.pack_rings(rings), where="x")
        assert len(back) == min(len(sizes), limits.MAX_FOOTPRINT_RINGS)
        assert sum(map(len, back)) <= limits.MAX_FOOTPRINT_POINTS

    def test_thinning_a_circle_hardly_shrinks_it(self) -> None:
        circle = [(math.cos(a), math.sin(a)) for a in np.linspace(0.0, math.tau, 361)]
        circle[-1] = circle[0]
        (back,) = codec.unpack_rings(codec.pack_rings([circle]), where="x")
        assert len(back) == limits.MAX_FOOTPRINT_POINTS
        xs, ys = np.array(back).T
        area = abs(np.sum(xs[:-1] * ys[1:] - xs[1:] * ys[:-1])) / 2.0
        assert area == pytest.approx(math.pi, rel=0.003)  # inscribed 63-gon: 1 - (2π/63)²/6

    @pytest.mark.parametrize(
        "points",
        [
            ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),  # open
            ((0.0, 91.0), (1.0, 0.0), (1.0, 1.0), (0.0, 91.0)),
            ((181.0, 0.0), (1.0, 0.0), (1.0, 1.0), (181.0, 0.0)),
            ((math.nan, 0.0), (1.0, 0.0), (1.0, 1.0), (math.nan, 0.0)),
            ((0.0, 0.0), (1.0, 1.0), (0.0, 0.0)),  # no area
        ],
    )
    def test_refused(self, points: tuple[tuple[float, float], ...]) -> None:
        with pytest.raises(Refused) as caught:
            codec.unpack_rings((np.array(points, "<f4").tobytes(),), where="x")
        assert caught.value.reason == "ring"

    def test_too_many_points_in_all(self) -> None:
        ring = np.zeros((40, 2), "<f4").tobytes()
        with pytest.raises(Refused, match="too many points"):
            codec.unpack_rings((ring, ring), where="x")
