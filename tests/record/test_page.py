"""The page of a launch: every claim, what came before, where they differ, what physics says, what was replaced."""

from html.parser import HTMLParser

from beaconfire.record import associate, launch_html, launch_page
from tests.record.made import claim, shipped, shipped_launch


class Reader(HTMLParser):
    """The text of a page, and its tags, which must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_of_january_2025_says_what_each_source_says() -> None:
    page = launch_page(shipped_launch("2025-01-06.1"), shipped())
    assert page.startswith("# 2025-01-06.1: 1 IRBM/HGV, 6 January 2025, 12:00 local time\n")
    assert "| over 1,100 km |" in page
    assert "| 1,500 km | 99.8 km |" in page
    assert "The first since 5 November 2024 (62 days), when at least 7 SRBM were launched." in page
    assert "range 26.7 %: Japan 1,100 km, DPRK KCNA 1,500 km" in page
    assert "Japan: irregular, 660 s is 2.05 times the fall's 322 s" in page
    assert "Replaced" not in page


def test_the_table_has_a_cell_for_every_column() -> None:
    table = [line for line in launch_page(shipped_launch("2022-11-18.1"), shipped()).splitlines() if line[:1] == "|"]
    assert len({line.count("|") - line.count("\\|") for line in table}) == 1
    assert len(table) == 2 + 3


def test_what_was_corrected_or_withdrawn_is_shown_as_such() -> None:
    old, new = (claim(statement="a", edition=edition, range_m=edition * 1e5) for edition in (1, 2))
    gone = claim(source="Japan", statement="b", edition=2, withdrawn=True)
    (launch,) = associate([old, new, gone])
    page = launch_page(launch, [launch])
    assert "## Replaced or withdrawn" in page
    assert "- edition 1: 2024-05-01 ROK JCS" in page
    assert "- withdrawn: 2024-05-01 Japan" in page


def test_an_unrated_source_alone_is_marked() -> None:
    (launch,) = associate([claim(confidence="")], unrated=True)
    assert "not established" in launch_page(launch, [launch])


def test_the_html_page_says_the_same_and_needs_nothing_else() -> None:
    page = launch_html(shipped_launch("2025-01-06.1"), shipped())
    reader = read(page)
    text = "".join(reader.words)
    for words in ("over 1,100 km", "first since 5 November 2024", "irregular", "theyouthdream 30228315"):
        assert words in text
    assert {"script", "link", "img"}.isdisjoint(reader.seen)
    assert reader.seen.count("tr") == 4


def test_names_cannot_break_out_of_the_page() -> None:
    (launch,) = associate([claim(designation="<script>alert(1)</script>", remark="a | b")])
    reader = read(launch_html(launch, [launch]))
    assert "script" not in reader.seen
    assert "<script>alert(1)</script>" in reader.words
    assert "a \\| b" in launch_page(launch, [launch])
