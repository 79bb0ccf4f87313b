"""The world's own machinery: its queue, its disks, and its lanes, each for itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from beaconfire.kernel import codec, wire
from beaconfire.rehearse.world import draw
from beaconfire.rehearse.world.disk import NO_HASH, Disk, chained, new_disk
from beaconfire.rehearse.world.lanes import Lane, Parcel, Side
from beaconfire.rehearse.world.plan import Weather
from beaconfire.rehearse.world.queue import Queue
from beaconfire.rehearse.world.seals import ED25519, STAND_IN, Seals, public_key
from beaconfire.share import verify


def test_a_queue_keeps_time_and_order() -> None:
    queue, told = Queue(), list[tuple[int, str]]()

    def tell(word: str) -> None:
        told.append((queue.now_ns // 1_000_000, word))
        if word == "first":
            queue.after(1, tell, "from the first")

    for delay, word in ((5, "third"), (2, "first"), (2, "second"), (50, "never")):
        queue.after(delay, tell, word)
    queue.run(50)
    assert told == [(2, "first"), (2, "second"), (3, "from the first"), (5, "third")]
    assert queue.now_ns == 50_000_000


@pytest.mark.parametrize("real", [False, True])
class TestDisk:
    def filled(self, count: int, real: bool) -> Disk:
        disk = new_disk(real=real)
        for number in range(count):
            disk.append(now_ns=number, item=bytes([number]), digest=b"d")
        return disk

    def test_rows_chain(self, real: bool) -> None:
        disk = self.filled(3, real)
        head = NO_HASH
        for row in disk.waiting:
            head = chained(head, row.seq, row.now_ns, row.item, row.digest)
            assert row.head == head
        assert (disk.seq, disk.durable_seq, disk.head) == (3, 0, head)

    def test_a_commit_takes_what_waited_when_it_began(self, real: bool) -> None:
        disk = self.filled(2, real)
        assert disk.begin()
        assert not disk.begin()
        disk.append(now_ns=9, item=b"late", digest=b"d")
        assert disk.end() == 2
        assert (disk.durable_seq, disk.seq) == (2, 3)
        assert disk.begin()
        assert disk.end() == 1
        assert not disk.begin()

    @pytest.mark.parametrize(("kept_percent", "kept"), [(0, 0), (30, 1), (60, 3), (100, 5)])
    def test_a_crash_tears_the_group_under_way(self, real: bool, kept_percent: int, kept: int) -> None:
        disk = self.filled(5, real)
        disk.begin()
        disk.append(now_ns=9, item=b"behind it", digest=b"d")
        head = disk.waiting[kept - 1].head if kept else NO_HASH
        disk.crash(kept_percent=kept_percent)
        assert (disk.durable_seq, disk.waiting, disk.head) == (kept, [], head)

    def test_without_a_commit_under_way_a_crash_keeps_nothing(self, real: bool) -> None:
        disk = self.filled(5, real)
        disk.crash(kept_percent=100)
        assert disk.seq == 0

    def test_what_a_crash_left_is_what_was_written(self, real: bool) -> None:
        """The rows of a database are read again: they must be the ones that went in, to the byte."""
        disk = self.filled(6, real)
        written = list(disk.waiting)
        disk.begin()
        disk.crash(kept_percent=50)
        assert disk.rows == written[:3]
        disk.append(now_ns=70, item=b"after", digest=b"d")
        disk.begin()
        disk.end()
        disk.crash(kept_percent=0)
        assert [row.item for row in disk.rows] == [*(row.item for row in written[:3]), b"after"]
        disk.close()


class TestSeals:
    @pytest.mark.parametrize("seals", [STAND_IN, ED25519])
    def test_only_the_nation_makes_its_own(self, seals: Seals) -> None:
        signature = seals.sign("KOR", b"words")
        assert len(signature) == 64
        assert seals.holds("KOR", b"words", signature)
        assert not seals.holds("JPN", b"words", signature)
        assert not seals.holds("KOR", b"other words", signature)
        assert not seals.holds("KOR", b"words", bytes(64))

    def test_the_partners_verify_under_the_key_that_they_were_given(self) -> None:
        data = codec.encode(wire.Signed(unsigned=b"words", signature=ED25519.sign("KOR", b"words")))
        assert verify(data, key=public_key("KOR")).unsigned == b"words"


@dataclass
class End:
    """One end of a lane, that notes what reaches it."""

    up: bool = True
    told: list[str] = field(default_factory=list)
    crossed: int = 0

    def arrive(self, sender: str, parcel: Parcel, *, stored: bool) -> None:
        self.told.append(("stored " if stored else "direct ") + parcel.subject)

    def hear(self, sender: str, unsigned: bytes, signature: bytes) -> None:
        self.told.append("control")

    def crossing(self, recipient: str, parcel: Parcel) -> None:
        self.crossed += 1

    def stored(self) -> list[str]:
        return [word.removeprefix("stored ") for word in self.told if word.startswith("stored")]


@dataclass
class Line:
    queue: Queue
    lane: Lane
    kor: End
    jpn: End

    def publish(self, *subjects: str, generation: int = 1) -> None:
        for subject in subjects:
            self.lane.publish(Parcel("launch", subject, generation, 0, subject.encode(), b"", b""))
            self.wait(5)

    def wait(self, milliseconds: int) -> None:
        self.queue.run(self.queue.now_ns // 1_000_000 + milliseconds)


@pytest.fixture
def line() -> Line:
    queue, kor, jpn = Queue(), End(), End()
    sides: dict[str, Side] = {"KOR": kor, "JPN": jpn}
    return Line(queue, Lane(draw(1, nodes=3), queue, sides, sender="KOR", recipient="JPN"), kor, jpn)


def bad(*, loss_percent: int = 0, doubles_percent: int = 0) -> Weather:
    return Weather(0, "KOR", "JPN", 1_000, loss_percent, doubles_percent, delay_ms=0)


class TestLane:
    def test_each_message_comes_over_both_lanes(self, line: Line) -> None:
        line.publish("a", "b")
        line.wait(1_000)
        assert line.jpn.stored() == ["a", "b"]
        assert sorted(line.jpn.told) == ["direct a", "direct b", "stored a", "stored b"]
        assert line.kor.crossed == line.lane.crossed == 4

    def test_what_is_lost_directly_comes_stored(self, line: Line) -> None:
        line.lane.weather = bad(loss_percent=100)
        line.publish("a", "b")
        line.wait(10_000)
        assert line.jpn.told == ["stored a", "stored b"]

    def test_doubles_come_directly(self, line: Line) -> None:
        line.lane.weather = bad(doubles_percent=100)
        line.publish("a")
        line.wait(1_000)
        assert line.jpn.told.count("direct a") == 2

    def test_a_cut_holds_the_stored_lane_and_ends_with_the_last_words_first(self, line: Line) -> None:
        line.lane.cuts = 1
        line.publish("a", "b", "a", "a")
        line.wait(5_000)
        assert line.jpn.told == []
        line.lane.cuts = 0
        line.lane.back()
        line.wait(5_000)
        assert sorted(line.jpn.stored()[:2]) == ["a", "b"]
        assert line.jpn.stored()[2:] == ["a", "b", "a", "a"]

    def test_what_was_not_acknowledged_comes_again_after_a_return(self, line: Line) -> None:
        line.publish("a", "b")
        line.wait(1_000)
        mark = line.lane.handed()
        line.publish("c")
        line.wait(1_000)
        line.lane.acknowledge(mark)
        line.jpn.told.clear()
        line.lane.unpack()
        assert line.jpn.stored() == ["c"]

    @pytest.mark.parametrize("away", ["kor", "jpn"])
    def test_nothing_is_fetched_while_a_side_is_away(self, line: Line, away: str) -> None:
        line.lane.cuts = 1
        line.publish("a")
        line.lane.cuts = 0
        getattr(line, away).up = False
        line.lane.back()
        line.wait(5_000)
        assert line.jpn.stored() == []

    def test_a_purge_takes_what_is_older_and_leaves_what_comes_after(self, line: Line) -> None:
        line.lane.cuts = 1
        line.publish("old")
        line.lane.purge(2)
        line.publish("late", generation=1)
        line.publish("new", generation=2)
        line.wait(100)
        assert [parcel.subject for parcel in line.lane.log] == ["new"]

    @pytest.mark.parametrize("empty", [Lane.lose, lambda lane: lane.renew(5)])
    def test_an_outbox_can_be_lost(self, line: Line, empty: Callable[[Lane], None]) -> None:
        line.lane.cuts = 1
        line.publish("a")
        empty(line.lane)
        assert not line.lane.log

    def test_an_old_epochs_message_is_not_stored_in_the_new_outbox(self, line: Line) -> None:
        line.lane.publish(Parcel("launch", "a", 1, 0, b"a", b"", b""))
        line.lane.renew(5)
        line.wait(1_000)
        assert line.jpn.told == []

    def test_controls_are_never_stored(self, line: Line) -> None:
        line.lane.cuts = 1
        line.lane.control(b"beat", b"")
        line.lane.cuts = 0
        line.lane.control(b"beat", b"")
        line.wait(1_000)
        assert line.jpn.told == ["control"]
