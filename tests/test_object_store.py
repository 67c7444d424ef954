"""A data root in an object store: an S3 server on this machine, with all requests counted."""

from __future__ import annotations

import gzip
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.bucket import BUCKET, CREDENTIALS, Bucket, use_machine
from tests.support.commands import start
from tests.support.nursery import Child
from tests.support.rows import NOON, article, discovery, rejection
from warehouse.connect import connect, rows
from warehouse.copies.update import update_copies
from warehouse.errors import WarehouseError
from warehouse.search.found_view import add_found
from warehouse.search.search import Scope, search
from warehouse.storage.compaction import Ages, compact
from warehouse.storage.object_cache import END_BYTES
from warehouse.storage.object_filesystem import ObjectFileSystem
from warehouse.storage.root import Root
from warehouse.storage.tables import Store
from warehouse.verify import verify

AT_ONCE = Ages(log=timedelta(0), visible=timedelta(0), deleted=timedelta(0))
WORD = "pelican"


pytestmark = pytest.mark.usefixtures("this_machine")


@pytest.fixture
def store(bucket: Bucket, request: pytest.FixtureRequest) -> Store:
    return Store(bucket.url(request.node.name.partition("[")[0]))


def land_some(store: Store, count: int = 8) -> None:
    for number in range(count):
        for table, row in (("articles", article(number)), ("discoveries", discovery(number))):
            store.land(table, [row], source_id="harbour", key=f"k{number}", now=NOON)
    store.land("rejects", [rejection(99)], source_id="harbour", key="r", now=NOON)


def titles(root: Root) -> list[tuple[str]]:
    with connect(root) as warehouse:
        return rows(warehouse, "SELECT title FROM articles ORDER BY title")


def test_tables_are_listed_once_and_small_files_are_read_once(
    bucket: Bucket, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_some(store)
    assert bucket.count() == {"LIST": 1, "PUT": 17 + 15}  # a table starts with files without rows
    assert len(titles(store.root)) == 8
    assert bucket.count() == {}
    use_machine("other", tmp_path, monkeypatch)
    assert len(titles(store.root)) == 8
    assert bucket.count() == {"LIST": 1, "GET": 17 + 15}
    assert len(titles(store.root)) == 8
    assert bucket.count() == {}


def test_what_another_machine_landed_is_seen_after_a_lock_is_taken(
    bucket: Bucket, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_some(store)
    use_machine("other", tmp_path, monkeypatch)
    Store(store.root).land("articles", [article(8)], source_id="harbour", key="k8", now=NOON)
    use_machine("this", tmp_path, monkeypatch)
    with store.lock("harbour", 0):
        assert len(titles(store.root)) == 9


def test_a_query_keeps_to_one_listing_and_to_what_its_own_process_writes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_some(store, 1)
    files = ObjectFileSystem(store.root.objects(), store.root.url)
    pattern = f"{store.root.url}/articles/landed_month=2026-03/*.parquet"
    assert len(files.glob(pattern)) == 1
    use_machine("other", tmp_path, monkeypatch)
    Store(store.root).land("articles", [article(8)], source_id="harbour", key="k8", now=NOON)
    use_machine("this", tmp_path, monkeypatch)
    store.root.objects().forget_listing()
    assert len(list(store.root.names("articles/landed_month=2026-03"))) == 2
    # A base file that came meanwhile would be read beside the files that it stands for.
    assert len(files.glob(pattern)) == 1
    store.land("articles", [article(9)], source_id="harbour", key="k9", now=NOON)
    assert len(files.glob(pattern)) == 2


def test_compaction_changes_no_row_and_leaves_few_objects(bucket: Bucket, store: Store) -> None:
    land_some(store)
    before = titles(store.root)
    bucket.take()
    later = datetime.now(UTC) + timedelta(hours=2)
    assert len(compact(store, later, seconds=0, ages=AT_ONCE).merges) == 3
    assert titles(store.root) == before
    assert len(compact(store, later, seconds=0, ages=AT_ONCE).deleted) == 17
    assert titles(store.root) == before
    requests = bucket.count()
    assert requests["DELETE"] == 17
    assert requests.total() - requests["DELETE"] <= 20


def test_copies_are_known_in_an_object_store(store: Store) -> None:
    text = " ".join(f"word{number} of the ferry" for number in range(80))
    store.land("articles", [article(1, text=text), article(2, text=text)], source_id="harbour", key="k", now=NOON)
    update_copies(store.root, seconds=1)
    store.land("articles", [article(3, text=text)], source_id="harbour", key="later", now=NOON)
    update_copies(store.root, seconds=1, since_last=True)
    with connect(store.root) as warehouse:
        assert warehouse.execute("SELECT copies FROM articles_unique").fetchall() == [(3,)]


def test_words_are_found_in_an_object_store(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store.land("articles", [article(1, text="the ferry"), article(2)], source_id="harbour", key="k", now=NOON)
    (hit,) = search(store.root, '"the ferry"', Scope(), limit=5, marks=("[", "]"))
    assert (hit.article_id, hit.snippet) == ("article-1", "[the] [ferry]")
    with connect(store.root) as warehouse:
        add_found(warehouse, store.root, "ferry")
        assert len(warehouse.execute("SELECT snippet FROM found").fetchall()) == 2


def test_a_large_object_is_read_in_part_and_its_end_once(bucket: Bucket, store: Store) -> None:
    content = random.Random(7).randbytes(3_000_000)
    store.root.publish("articles/base/large.parquet", content)
    bucket.take()
    for _ in range(2):
        with store.root.open("articles/base/large.parquet") as file:
            file.seek(-100, os.SEEK_END)
            assert file.read() == content[-100:]
            file.seek(-END_BYTES, os.SEEK_END)
            assert file.read(10) == content[-END_BYTES:][:10]
    assert bucket.count() == {"LIST": 1, "GET": 1}
    with store.root.open("articles/base/large.parquet") as file:
        assert file.read() == content
    assert bucket.count()["GET"] <= 5
    assert store.root.read("articles/base/large.parquet", 1_000, 50) == content[1_000:1_050]


def test_an_object_that_was_replaced_while_it_is_read_is_not_mixed_with_the_new_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.root.publish("articles/base/large.parquet", b"a" * 3_000_000)
    with store.root.open("articles/base/large.parquet") as file:
        file.read(10)
        use_machine("other", tmp_path, monkeypatch)
        store.root.publish("articles/base/large.parquet", b"b" * 3_000_000)
        file.seek(2_000_000)
        with pytest.raises(OSError, match="it was replaced meanwhile; run the command again"):
            file.read(10)


def test_damage_in_the_store_is_found(store: Store) -> None:
    land_some(store, 1)
    name = next(name for name in store.root.names("articles") if "k0" in name)
    content = store.root.read(name, 0, 1_000_000)
    store.root.publish(name, content[: len(content) // 2])
    assert [finding.file for finding in verify(store.root).findings] == [store.root.location(name)]


@pytest.mark.parametrize(
    ("requests", "answer", "sentence"),
    [
        ("LIST", "403 Forbidden", r"the store answers 403; check the credentials \(AWS_ACCESS_KEY_ID"),
        ("GET", "403 Forbidden", r"^cannot read the warehouse: the store answers 403; check the credentials \(AWS_"),
        ("LIST", "301 Moved Permanently", "the store answers 301; set the bucket's region in AWS_REGION"),
        ("LIST", "400 Bad Request", "the store answers 400; try again later, or look at the store's own log"),
    ],
)
def test_what_a_store_refuses_is_one_sentence(
    bucket: Bucket,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    requests: str,
    answer: str,
    sentence: str,
) -> None:
    land_some(store, 1)
    use_machine("other", tmp_path, monkeypatch)
    bucket.answers[requests] = answer
    with pytest.raises(WarehouseError, match=sentence) as refusal:
        titles(store.root)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((BUCKET, "nobody"), "there is no such bucket; make the bucket, or choose another data root with --data"),
        (("127.0.0.1:", "127.0.0.1:1&x="), "has an unknown option 'x'; known are endpoint_override, region, scheme"),
        (("s3://", "s3://me:secret@"), r"^the URL s3://…@paper/news holds credentials"),
        (("127.0.0.1", "no.such.invalid"), "the name of http://no.such.invalid:.* is not known; check the endpoint"),
    ],
)
def test_a_wrong_url_is_one_sentence(bucket: Bucket, change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(WarehouseError, match=sentence) as refusal:
        titles(Root.at(bucket.url().replace(*change)))
    assert "secret" not in str(refusal.value)


def test_a_port_that_nobody_listens_on_is_one_sentence() -> None:
    url = f"s3://{BUCKET}/news?endpoint_override=127.0.0.1:1&scheme=http"
    with pytest.raises(WarehouseError, match=r"http://127\.0\.0\.1:1 refuses connections; check the endpoint"):
        titles(Root.at(url))


def test_credentials_are_taken_from_the_profile_of_the_aws_command_line(
    bucket: Bucket, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_some(store, 1)
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    for name, text in (
        ("AWS_SHARED_CREDENTIALS_FILE", "[press]\naws_access_key_id = writer\naws_secret_access_key = secret%1\n"),
        ("AWS_CONFIG_FILE", f"[profile press]\nendpoint_url = http://127.0.0.1:{bucket.port}\nregion = us-east-1\n"),
    ):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_PROFILE", "press")
    assert len(titles(Root.at(store.root.url))) == 1


class Newsroom:
    """Whole commands over one folder of pages, on machines of their own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "sources").mkdir()
        (folder / "pages").mkdir()
        source = 'title = "Harbour"\n[[input]]\nkind = "folder"\npath = "../pages"\nglob = "*.txt"\n'
        (folder / "sources/harbour.toml").write_text(source)

    def write(self, number: int, word: str = "ferry") -> Path:
        page = self.folder / f"pages/{number}.txt"
        lines = (f"The {word} number {number} met storm {line} on its way back to the old port." for line in range(9))
        page.write_text("\n\n".join((f"The {word} {number} came back to port", *lines)))
        return page

    def start(self, *command: str, machine: str = "one") -> Child:
        folders = {name: str(self.folder / machine) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
        return start(*command, COPYDESK_CONFIG=str(self.folder), COPYDESK_DATA=self.url, **folders)

    def call(self, *command: str, machine: str = "one") -> str:
        ended = self.start(*command, machine=machine).wait(60)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def copies(self, machine: str) -> list[bytes]:
        return [path.read_bytes() for path in (self.folder / machine).rglob("objects/*")]


@pytest.mark.slow
def test_two_machines_take_a_source_in_turn_and_a_take_down_reaches_both(bucket: Bucket, tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path, bucket.url("newsroom"))
    for number in range(4):
        newsroom.write(number)
    page = newsroom.write(9, WORD)
    runs = [newsroom.start("run", machine=machine) for machine in ("one", "two")]
    assert [run.wait(90).returncode for run in runs] == [0, 0]
    count = "SELECT count(*) AS n FROM article_versions"
    bucket.take()
    assert newsroom.call("sql", count, "--format", "csv", machine="two").split() == ["n", "5"]
    assert bucket.count()["LIST"] == 1
    assert telling(bucket) and any(WORD.encode() in copy for copy in newsroom.copies("two"))  # noqa: PT018
    page.unlink()
    newsroom.call("forget", page.as_uri())
    newsroom.call("status", machine="two")
    assert telling(bucket) == []
    assert not any(WORD.encode() in copy for machine in ("one", "two") for copy in newsroom.copies(machine))


def telling(bucket: Bucket) -> list[str]:
    """Names of the objects in which the word is that nobody is to read any more."""
    root = Root.at(bucket.url("newsroom"))
    root.objects().forget_listing()
    names = [*root.names("archive"), *(entry.name for entry in root.objects().listing().all())]
    telling_names = []
    for name in names:
        content = root.read(name, 0, 10_000_000)
        if WORD.encode() in (gzip.decompress(content) if name.endswith(".gz") else content):
            telling_names.append(name)
    return telling_names
