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
OUTCOMES: Final = "stored", "unchanged", "duplicate", "rejected", "failed", "pending"
PARSING: Final = ("parse", "extraction", "metadata")
OTHERS: Final = ("strip", "language")
"""Stages of models of their own."""
COMPARISON: Final = "Throughput: one WARC file, beside other ways to read it"
PAGE_COUNTS: Final = "Throughput: by the number of pages"


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
    row = next(run for run in rows if run["finished_at"] is not None)
    counts = {name: row[name] for name in OUTCOMES}
    if sum(counts.values()) != row["discovered"]:
        raise SystemExit(f"bench: a page was lost: {row}")
    dropped = ", ".join(f"{count} {name}" for name, count in counts.items() if count and name != "stored")
    return Ran(measured, counts["stored"], f"{dropped or 'none'}, each with its row")


def run_hand_loop(warc: Path, folder: Path) -> Ran:
    out = folder / "out.parquet"
    measured = measure(
        ["env", f"PYTHONPATH={PROJECT}", PYTHON, "-m", "bench.speed.hand_loop", str(warc), str(out), str(CORES)], folder
    )
    pages, extracted = map(int, re.findall(r"(?:pages|kept) (\d+)", measured.output))
    return Ran(measured, extracted, f"{pages - extracted}, no reason kept")


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
    extracted = sum(1 for path in out.rglob("*") if path.is_file())
    return Ran(measured, extracted, f"{number - extracted}, no reason kept")


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
    extracted = sum(pq.read_metadata(path).num_rows for path in out.rglob("*.parquet"))
    with warc.open("rb") as file:
        pages = sum(1 for _ in ArchiveIterator(file, record_types=WarcRecordType.response))
    return Ran(measured, extracted, f"{pages - extracted}, counted, no reason kept")


SYSTEMS: Final[dict[str, Callable[[Path, Path], Ran]]] = {
    "copydesk run": run_ours,
    "hand loop": run_hand_loop,
    "trafilatura CLI": run_trafilatura,
    "datatrove (no metadata)": run_datatrove,
}


def in_folder(system: Callable[[Path, Path], Ran], warc: Path, scratch: Path) -> Ran:
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        ran = system(warc, folder)
    finally:
        shutil.rmtree(folder)
    if ran.measured.code:
        raise SystemExit(f"bench: {system.__name__} ended with {ran.measured.code}: {ran.measured.output[-2000:]}")
    return ran


def compare(warc: Path, pages: int, repeats: int, scratch: Path, chosen: list[str]) -> dict[str, list[Ran]]:
    ran: dict[str, list[Ran]] = {name: [] for name in chosen}
    for turn in range(repeats):
        for name in chosen if turn % 2 == 0 else chosen[::-1]:
            ran[name].append(trial := in_folder(SYSTEMS[name], warc, scratch))
            print(f"{name}: {1000 * trial.measured.cpu / pages:.1f} ms a page", file=sys.stderr, flush=True)
    return ran


def table(ran: dict[str, list[Ran]], pages: int) -> list[str]:
    names = f"{'least':>7} {'median':>7} {'pages/CPU s':>12} {'wall s':>7} {'peak MiB':>9} {'articles':>9}  dropped"
    lines = [f"{'CPU ms a page':25} {names}"]
    for name, runs in ran.items():
        cpu = [1000 * trial.measured.cpu / pages for trial in runs]
        wall, peak = min(trial.measured.wall for trial in runs), max(trial.measured.peak for trial in runs) / 2**20
        lines.append(
            f"{name:25} {min(cpu):7.1f} {statistics.median(cpu):7.1f} {1000 / min(cpu):12.1f} {wall:7.0f} {peak:9.0f}"
            f" {runs[-1].articles:9}  {runs[-1].dropped}"
        )
    if {"copydesk run", "hand loop"} <= ran.keys():
        pairs = zip(ran["copydesk run"], ran["hand loop"], strict=True)
        ratios = sorted(copydesk_run.measured.cpu / hand_loop.measured.cpu for copydesk_run, hand_loop in pairs)
        lines.append(f"copydesk run / hand loop, in pairs: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    return lines


def memory(runs: list[Ran]) -> list[str]:
    lines = []
    for trial in runs:
        batches = max((sample.done for sample in trial.measured.samples), default=0)
        first, last = trial.measured.peak_between(0, 0), trial.measured.peak_between(max(batches - 1, 0), batches)
        lines.append(
            f"memory: {first / 2**20:.0f} MiB at most in the first batch, {last / 2**20:.0f} in the last of {batches}"
            f" ({100 * (last / first - 1):+.0f} %); workers busy {100 * trial.measured.busy(CORES):.0f} % of the time"
        )
    return lines


def stages(warc: Path, scratch: Path, whole: float) -> list[str]:
    """Split `whole` CPU ms a page by stage, measured in one process, and by what a run with a pool takes on top."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
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
    report = json.loads(measured.output.strip().splitlines()[-1])
    shutil.rmtree(folder)
    spent = {name: 1000 * seconds / report["documents"] for name, seconds in report["spent"].items()}
    inside = sum(spent.values())
    parsing = sum(spent[name] for name in PARSING)
    models = sum(spent[name] for name in OTHERS)
    overhead = 100 * (whole - inside) / whole
    lines = [", ".join(f"{name} {spent[name]:.2f}" for name in spent)]
    lines += [
        f"parse, extraction and metadata {parsing:.1f}; all else {inside - parsing:.2f}",
        f"all else without {' and '.join(OTHERS)}: {inside - parsing - models:.2f}",
        f"the whole run less its stages (processes, pickling, imports): {whole - inside:.2f}, {overhead:.1f} % of it",
    ]
    return lines


def linear(counts: list[int], scratch: Path) -> list[str]:
    lines = []
    for count in counts:
        warc = scratch / f"linear-{count}.warc.gz"
        write_warc(warc, make_pages(None, count))
        ran = in_folder(run_ours, warc, scratch)
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
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.linear.split(",") if count]
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        scratch = Path(folder)
        report = linear(counts, scratch) if counts else compare_systems(arguments, scratch)
    print("\n".join(report))
    if not arguments.keep:
        write_section(PAGE_COUNTS if counts else COMPARISON, "\n".join(report))


def compare_systems(arguments: argparse.Namespace, scratch: Path) -> list[str]:
    warc = scratch / "pages.warc.gz"
    write_warc(warc, make_pages(arguments.corpus, arguments.pages))
    origin = "varied from a corpus" if arguments.corpus else "rendered"
    size = f"{arguments.pages} distinct pages in one WARC of {warc.stat().st_size / 2**20:.0f} MiB, {origin}"
    ran = compare(warc, arguments.pages, arguments.repeats, scratch, arguments.systems.split(","))
    report = [size, "", *table(ran, arguments.pages)]
    if trials := ran.get("copydesk run"):
        whole = min(1000 * trial.measured.cpu / arguments.pages for trial in trials)
        report += ["", *memory(trials), "", "copydesk run, CPU ms a page by stage:", *stages(warc, scratch, whole)]
    return report


if __name__ == "__main__":
    main()
