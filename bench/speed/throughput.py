"""CPU, time and memory of a run over one WARC file of distinct pages, beside three other ways to read it.

    python -m bench.speed.throughput [--corpus FOLDER] [--pages 5000] [--repeats 2] [--systems "copydesk run,hand loop"]
    python -m bench.speed.throughput --linear 500,50000

Pages are varied from those of the corpus folder (else COPYDESK_CORPUS; see `pages.py`), or rendered where there is
none. Each system runs in fresh processes, in turn, `--repeats` times in changing order. `copydesk run` archives,
indexes, strips, detects, normalises and lands; the others give text and metadata, or text alone. `--linear` instead
runs ours alone over so many rendered pages: what a page costs, and the most memory, by their number.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator, WarcRecordType

from bench.results import write_section
from bench.speed.measure import Measured, measure
from bench.speed.pages import make_pages, write_warc

PROJECT: Final = Path(__file__).resolve().parents[2]
CORES: Final = os.cpu_count() or 1
PYTHON: Final = sys.executable
SOURCE: Final = 'title = "Bench"\ndelay = 0.0\n[[input]]\nkind = "warc"\npath = "{warc}"\n'
TOLD: Final = "stored", "unchanged", "duplicate", "rejected", "failed", "pending"
PARSING: Final = ("parse", "extraction", "metadata")
OTHERS: Final = ("strip", "language")
"""Stages of models of their own."""
BESIDE: Final = "Throughput: one WARC file, beside other ways to read it"
BY_NUMBER: Final = "Throughput: by the number of pages"


@dataclass(frozen=True, slots=True)
class Ran:
    measured: Measured
    articles: int
    dropped: str


def run_ours(warc: Path, folder: Path) -> Ran:
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "config" / "sources" / "bench.toml").write_text(SOURCE.format(warc=warc), "utf-8")
    landed = folder / "data" / "articles"

    def batches() -> int:
        return sum(1 for path in landed.glob("*/bench-*.parquet"))

    command = ["env", f"PYTHONPATH={PROJECT}", f"COPYDESK_DATA={folder / 'data'}",
               f"COPYDESK_CONFIG={folder / 'config'}", PYTHON, "-m", "copydesk", "run", "bench"]  # fmt: skip
    measured = measure(command, folder, batches)
    files = (folder / "data" / "runs").rglob("bench-*.parquet")
    rows = [run for path in files for run in pq.read_table(path).to_pylist()]
    told = next(run for run in rows if run["finished_at"] is not None)
    counts = {name: told[name] for name in TOLD}
    if sum(counts.values()) != told["discovered"]:
        raise SystemExit(f"bench: a page was lost: {told}")
    lost = ", ".join(f"{count} {name}" for name, count in counts.items() if count and name != "stored")
    return Ran(measured, counts["stored"], f"{lost or 'none'}, each with its row")


def run_hand_loop(warc: Path, folder: Path) -> Ran:
    out = folder / "out.parquet"
    measured = measure(
        ["env", f"PYTHONPATH={PROJECT}", PYTHON, "-m", "bench.speed.hand_loop", str(warc), str(out), str(CORES)], folder
    )
    pages, kept = map(int, re.findall(r"(?:pages|kept) (\d+)", measured.said))
    return Ran(measured, kept, f"{pages - kept}, no reason kept")


def run_trafilatura(warc: Path, folder: Path) -> Ran:
    pages, out = folder / "pages", folder / "out"
    pages.mkdir()
    with warc.open("rb") as file:
        number = 0
        for number, record in enumerate(ArchiveIterator(file, record_types=WarcRecordType.response), 1):
            (pages / f"{number:06d}.html").write_bytes(record.reader.read())
    command = [str(Path(PYTHON).parent / "trafilatura"), "--input-dir", str(pages), "--output-dir", str(out),
               "--json", "--with-metadata", "--precision", "--no-comments", "--parallel", str(CORES)]  # fmt: skip
    measured = measure(command, folder)
    kept = sum(1 for path in out.rglob("*") if path.is_file())
    return Ran(measured, kept, f"{number - kept}, no reason kept")


def run_datatrove(warc: Path, folder: Path) -> Ran:
    out = folder / "out"
    measured = measure(
        [
            "env",
            f"PYTHONPATH={PROJECT}",
            PYTHON,
            "-m",
            "bench.speed.datatrove_loop",
            str(warc.parent),
            warc.name,
            str(out),
        ],
        folder,
    )
    kept = sum(pq.read_metadata(path).num_rows for path in out.rglob("*.parquet"))
    with warc.open("rb") as file:
        pages = sum(1 for _ in ArchiveIterator(file, record_types=WarcRecordType.response))
    return Ran(measured, kept, f"{pages - kept}, counted, no reason kept")


SYSTEMS: Final[dict[str, Callable[[Path, Path], Ran]]] = {
    "copydesk run": run_ours,
    "hand loop": run_hand_loop,
    "trafilatura CLI": run_trafilatura,
    "datatrove (no metadata)": run_datatrove,
}


def in_folder(system: Callable[[Path, Path], Ran], warc: Path, place: Path) -> Ran:
    folder = Path(tempfile.mkdtemp(dir=place))
    try:
        ran = system(warc, folder)
    finally:
        shutil.rmtree(folder)
    if ran.measured.code:
        raise SystemExit(f"bench: {system.__name__} ended with {ran.measured.code}: {ran.measured.said[-2000:]}")
    return ran


def compare(warc: Path, pages: int, repeats: int, place: Path, chosen: list[str]) -> dict[str, list[Ran]]:
    ran: dict[str, list[Ran]] = {name: [] for name in chosen}
    for turn in range(repeats):
        for name in chosen if turn % 2 == 0 else chosen[::-1]:
            ran[name].append(one := in_folder(SYSTEMS[name], warc, place))
            print(f"{name}: {1000 * one.measured.cpu / pages:.1f} ms a page", file=sys.stderr, flush=True)
    return ran


def table(ran: dict[str, list[Ran]], pages: int) -> list[str]:
    names = f"{'least':>7} {'median':>7} {'pages/CPU s':>12} {'wall s':>7} {'peak MiB':>9} {'articles':>9}  dropped"
    lines = [f"{'CPU ms a page':25} {names}"]
    for name, runs in ran.items():
        cpu = [1000 * one.measured.cpu / pages for one in runs]
        wall, peak = min(one.measured.wall for one in runs), max(one.measured.peak for one in runs) / 2**20
        lines.append(
            f"{name:25} {min(cpu):7.1f} {statistics.median(cpu):7.1f} {1000 / min(cpu):12.1f} {wall:7.0f} {peak:9.0f}"
            f" {runs[-1].articles:9}  {runs[-1].dropped}"
        )
    if {"copydesk run", "hand loop"} <= ran.keys():
        pairs = zip(ran["copydesk run"], ran["hand loop"], strict=True)
        ratios = sorted(ours.measured.cpu / theirs.measured.cpu for ours, theirs in pairs)
        lines.append(f"copydesk run / hand loop, in pairs: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    return lines


def memory(runs: list[Ran]) -> list[str]:
    lines = []
    for one in runs:
        batches = max((sample.done for sample in one.measured.samples), default=0)
        first, last = one.measured.peak_between(0, 0), one.measured.peak_between(max(batches - 1, 0), batches)
        lines.append(
            f"memory: {first / 2**20:.0f} MiB at most in the first batch, {last / 2**20:.0f} in the last of {batches}"
            f" ({100 * (last / first - 1):+.0f} %); workers busy {100 * one.measured.busy(CORES):.0f} % of the time"
        )
    return lines


def stages(warc: Path, place: Path, whole: float) -> list[str]:
    """The split of `whole` CPU ms a page: by stage in one process, and what the run with a pool took beside them."""
    folder = Path(tempfile.mkdtemp(dir=place))
    command = [
        "env",
        f"PYTHONPATH={PROJECT}",
        PYTHON,
        "-m",
        "bench.speed.stages",
        str(warc),
        str(folder / "data"),
    ]
    measured = measure(command, folder)
    told = json.loads(measured.said.strip().splitlines()[-1])
    shutil.rmtree(folder)
    spent = {name: 1000 * seconds / told["documents"] for name, seconds in told["spent"].items()}
    inside = sum(spent.values())
    parsing = sum(spent[name] for name in PARSING)
    models = sum(spent[name] for name in OTHERS)
    beside = 100 * (whole - inside) / whole
    lines = [", ".join(f"{name} {spent[name]:.2f}" for name in spent)]
    lines += [
        f"parse, extraction and metadata {parsing:.1f}; all else {inside - parsing:.2f}",
        f"all else without {' and '.join(OTHERS)}: {inside - parsing - models:.2f}",
        f"the whole run less its stages (processes, pickling, imports): {whole - inside:.2f}, {beside:.1f} % of it",
    ]
    return lines


def linear(counts: list[int], place: Path) -> list[str]:
    lines = []
    for count in counts:
        warc = place / f"linear-{count}.warc.gz"
        write_warc(warc, make_pages(None, count))
        ran = in_folder(run_ours, warc, place)
        warc.unlink()
        cost, peak = 1000 * ran.measured.cpu / count, ran.measured.peak / 2**20
        lines.append(f"{count} pages: {cost:.1f} ms of CPU a page, peak {peak:.0f} MiB")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=os.environ.get("COPYDESK_CORPUS"))
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--linear", default="", help="only this: ours over so many pages, as 500,50000")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which to run, separated by commas")
    parser.add_argument("--keep", action="store_true", help="print only; leave RESULTS.md as it is")
    given = parser.parse_args()
    counts = [int(count) for count in given.linear.split(",") if count]
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        place = Path(folder)
        said = linear(counts, place) if counts else beside_others(given, place)
    print("\n".join(said))
    if not given.keep:
        write_section(BY_NUMBER if counts else BESIDE, "\n".join(said))


def beside_others(given: argparse.Namespace, place: Path) -> list[str]:
    warc = place / "pages.warc.gz"
    write_warc(warc, make_pages(given.corpus, given.pages))
    origin = "varied from a corpus" if given.corpus else "rendered"
    size = f"{given.pages} distinct pages in one WARC of {warc.stat().st_size / 2**20:.0f} MiB, {origin}"
    ran = compare(warc, given.pages, given.repeats, place, given.systems.split(","))
    said = [size, "", *table(ran, given.pages)]
    if ours := ran.get("copydesk run"):
        whole = min(1000 * one.measured.cpu / given.pages for one in ours)
        said += ["", *memory(ours), "", "copydesk run, CPU ms a page by stage:", *stages(warc, place, whole)]
    return said


if __name__ == "__main__":
    main()
