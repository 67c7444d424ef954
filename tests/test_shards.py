"""A source's inputs cut into parts: disjoint, complete, and the same again as long as the files are the same."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from itertools import chain

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from flows.sharding.shards import MIN_PAGES_PER_SHARD, shards_of_files, shards_of_items, shards_of_parts
from tasks.discover import discover, read_split, split_input
from tasks.files import warc_splits
from tasks.files.splits import even_ranges
from tasks.listings.discovered import item_of
from tasks.listings.input_reader import InputError, ReadContext
from tests.support.polled import page
from tests.support.warc_files import HTML, http, record
from warehouse.model.records import Fetched, Item


def urls(documents) -> list[str]:
    return [item_of(document).url for document in documents]


def halves_and_whole(source, settings, now, min_documents=3):
    """Return the parts, the URLs of each part's documents, and the URLs of the input's."""
    cut = list(split_input(source, 0, ReadContext(settings, now), min_documents=min_documents))
    assert cut == list(split_input(source, 0, ReadContext(settings, now), min_documents=min_documents)), (
        "the same files gave other parts"
    )
    split_urls = [urls(read_split(source, split, ReadContext(settings, now))) for split in cut]
    return cut, split_urls, urls(discover(source, source.input[0], ReadContext(settings, now)))


def warc(count: int, pack=lambda member: gzip.compress(member, mtime=0)) -> bytes:
    pages = [
        [record(f"https://e.example/{n}", b"GET / HTTP/1.1\r\n\r\n", "request"), record(f"https://e.example/{n}")]
        for n in range(count)
    ]
    return b"".join(map(pack, chain.from_iterable(pages)))


INPUTS = {
    "warc": ('kind = "warc"\npath = "in.warc.gz"', lambda folder, n: (folder / "in.warc.gz").write_bytes(warc(n))),
    "zstd": (
        'kind = "warc"\npath = "in.warc.zst"',
        lambda folder, n: (folder / "in.warc.zst").write_bytes(warc(n, zstandard.compress)),
    ),
    "one member": (
        'kind = "warc"\npath = "in.warc.gz"',
        lambda folder, n: (folder / "in.warc.gz").write_bytes(gzip.compress(warc(n, bytes))),
    ),
    "jsonl": (
        'kind = "jsonl"\npath = "in.jsonl.gz"',
        lambda folder, n: (folder / "in.jsonl.gz").write_bytes(
            gzip.compress("".join(json.dumps({"id": i, "text": f"t {i}"}) + "\n" for i in range(n)).encode())
        ),
    ),
    "csv": (
        'kind = "jsonl"\npath = "in.csv"',
        lambda folder, n: (folder / "in.csv").write_text("id,text\n" + "".join(f"{i},t {i}\n" for i in range(n))),
    ),
    "folder": ('kind = "folder"\npath = "in"', lambda folder, n: fill(folder / "in", n)),
}


def fill(folder, count):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.txt").write_text("text")


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("count", [0, 1, 3, 10])
def test_the_parts_of_an_input_hold_each_of_its_documents_once_in_its_order(
    kind, count, source_of, tmp_path, settings, now
):
    lines, write = INPUTS[kind]
    write(tmp_path, count)
    source = source_of(lines)
    if kind == "csv" and not count:
        return  # a table without rows has nothing to be divided
    cut, split_urls, whole = halves_and_whole(source, settings, now)
    assert list(chain.from_iterable(split_urls)) == whole
    assert len(whole) == count
    if kind not in ("zstd", "one member") and count:
        assert all(len(part_urls) >= min(3, count) for part_urls in split_urls)
        assert len(cut) == max(1, count // 3)
    assert len({split.digest for split in cut}) == len(cut)


def test_a_file_that_is_not_there_has_a_part_whose_reading_says_so(source_of, settings, now):
    source = source_of('kind = "jsonl"\npath = "nowhere.jsonl"')
    [part] = split_input(source, 0, ReadContext(settings, now))
    with pytest.raises(InputError, match=r"nowhere\.jsonl: cannot be read: no such file"):
        list(read_split(source, part, ReadContext(settings, now)))


@given(st.integers(0, 5_000), st.integers(1, 700))
def test_ranges_are_disjoint_cover_all_and_none_is_short(count, least):
    runs = list(even_ranges(count, least))
    assert list(chain.from_iterable(runs)) == list(range(count))
    assert all(len(indexes) >= min(least, count) for indexes in runs)


@given(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=12), st.integers(1, 4))
def test_whatever_a_gzip_warc_holds_its_ranges_meet_and_cover_it(tmp_path_factory, members, least):
    path = tmp_path_factory.mktemp("warc") / "a.warc.gz"
    packed = [
        gzip.compress(record(block=http(b"x" * n, HTML), kind="response" if yes else "request")) for n, yes in members
    ]
    path.write_bytes(b"".join(packed))
    cut = list(warc_splits._split_file(path, 0, least))
    assert cut[0].first == 0
    assert [split.end for split in cut] == [*(split.first for split in cut[1:]), None]
    starts = {sum(map(len, packed[:number])) for number in range(len(packed) + 1)}
    assert {split.first for split in cut} <= starts
    assert sum(split.documents or 0 for split in cut) == sum(yes for _, yes in members)


def test_the_damage_of_a_warc_is_told_by_the_part_that_meets_it_alone(source_of, tmp_path, settings, now):
    (tmp_path / "in.warc.gz").write_bytes(warc(9)[:-20])
    source = source_of('kind = "warc"\npath = "in.warc.gz"')
    cut = list(split_input(source, 0, ReadContext(settings, now), min_documents=3))
    assert len(cut) == 2
    assert len(list(read_split(source, cut[0], ReadContext(settings, now)))) == 3
    with pytest.raises(InputError, match="cut short"):
        list(read_split(source, cut[1], ReadContext(settings, now)))


def test_small_files_of_a_folder_go_together_and_large_ones_alone(source_of, tmp_path, settings, now, monkeypatch):
    (tmp_path / "in").mkdir()
    for number in range(4):
        (tmp_path / "in" / f"{number}.warc.gz").write_bytes(warc(2 if number else 40))
    source = source_of('kind = "warc"\npath = "in"')
    monkeypatch.setattr(warc_splits, "_MIN_GROUP_BYTES", (tmp_path / "in" / "0.warc.gz").stat().st_size)
    _, split_urls, whole = halves_and_whole(source, settings, now)
    assert [len(part_urls) for part_urls in split_urls] == [40, 6]
    assert sorted(chain.from_iterable(split_urls)) == sorted(whole)


def test_a_part_whose_file_has_changed_is_another_and_what_an_input_takes_counts_too(source_of, tmp_path, settings):
    path = tmp_path / "in.warc.gz"
    path.write_bytes(warc(3))
    lines = 'kind = "warc"\npath = "in.warc.gz"\n'
    (before,) = shards_of_files(source_of(lines), settings, None, [])
    (again,) = shards_of_files(source_of(lines), settings, None, [])
    (other,) = shards_of_files(source_of(lines + 'include = "/1"'), settings, None, [])
    os.utime(path, (1, 1))
    (changed,) = shards_of_files(source_of(lines), settings, None, [])
    assert before == again
    assert len({before.run_id, other.run_id, changed.run_id}) == 3


def test_a_window_takes_the_records_of_its_days_and_is_part_of_what_a_shard_is(source_of, tmp_path, settings, now):
    days = [record(f"https://e.example/{day}", date=f"2026-03-0{day}T23:59:59Z") for day in (1, 2, 3)]
    (tmp_path / "in.warc").write_bytes(b"".join(days))
    source = source_of('kind = "warc"\npath = "in.warc"')
    window = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    (part,) = split_input(source, 0, ReadContext(settings, now))
    documents = list(read_split(source, part, ReadContext(settings, now, None, window)))
    assert urls(documents) == ["https://e.example/2"]
    assert isinstance(documents[0], Fetched)
    (shard,), (other,) = (list(shards_of_parts(source, [part], days)) for days in (window, None))
    assert shard.run_id != other.run_id


def test_pages_are_cut_alike_however_they_were_listed(source_of, now):
    source = source_of('kind = "feed"\nurl = "https://e.example/feed"')
    items = [
        Item("crawl", f"https://e.example/{n}", f"{n}", "https://e.example/feed", now)
        for n in range(2 * MIN_PAGES_PER_SHARD + 7)
    ]
    cut = shards_of_items(source, items)
    assert [shard.run_id for shard in cut] == [shard.run_id for shard in shards_of_items(source, items[::-1])]
    assert len(cut) == 2
    assert sorted(item.url for shard in cut for item in shard.items) == sorted(item.url for item in items)
    assert shards_of_items(source, []) == []


def test_what_cannot_be_listed_does_not_hide_the_rest(source_of, tmp_path, settings):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text(page(1))
    source = source_of('kind = "folder"\npath = "in"\n[[input]]\nkind = "folder"\npath = "gone"')
    problems: list[str] = []
    assert len(shards_of_files(source, settings, None, problems)) == 1
    assert "gone: no such folder" in problems[0]


def test_a_file_that_a_list_names_twice_is_read_once(source_of, settings, tmp_path, now):
    for name in ("a", "b"):
        (tmp_path / f"{name}.warc.gz").write_bytes(warc(3))
    (tmp_path / "crawl.paths").write_text("a.warc.gz\nb.warc.gz\na.warc.gz\n")
    source = source_of('kind = "warc"\npath = "crawl.paths"')
    (part,) = split_input(source, 0, ReadContext(settings, now))
    assert [path.rpartition("/")[2] for path in part.paths] == ["a.warc.gz", "b.warc.gz"]
    assert len(urls(read_split(source, part, ReadContext(settings, now)))) == 6
