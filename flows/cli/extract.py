"""`copydesk extract`: one clean record a document, and nothing stored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from config.errors import ConfigError
from flows.cli.options import Config, Data, choose, complete_source, read_settings

EXAMPLES: Final = (
    "Examples:  copydesk extract page.html --explain   |   copydesk extract page.html --html why.html   |   "
    "copydesk extract texts/ > records.jsonl   |   curl -s URL | copydesk extract - --url URL"
)
NOT_READABLE_SCHEME: Final = re.compile(r"(?!(?:https?|file)://)[a-z][a-z0-9+.-]+://")


def extract(
    document: Annotated[
        list[str] | None, typer.Argument(metavar="PATH|URL|-...", help="Files, folders, addresses; - is stdin.")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Name documents as JSON Lines: {"path": ..., "url": ...}.'),
    ] = None,
    url: Annotated[str | None, typer.Option(help="The address of the one document given.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Apply this source's rules, and what its runs have learned.", autocompletion=complete_source),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was kept and stripped, why, and where each field came from.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what --explain shows to an HTML page.", dir_okay=False)
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Print one clean record a document, as JSON Lines; nothing is stored."""
    from flows.cli.extract_documents import explaining, extract_documents, read_manifest

    settings = read_settings(data, config)
    chosen = choose(settings, [source])[0][0] if source else None
    inputs: list[tuple[str, str | None]] = [(name, None) for name in document or []]
    if manifest is not None:
        inputs += read_manifest(manifest)
    if not inputs or not all(name for name, _ in inputs):
        raise ConfigError("nothing to extract: name a file, a folder, an address or -; or give --manifest")
    if unreadable := next((name for name, _ in inputs if NOT_READABLE_SCHEME.match(name)), None):
        raise ConfigError(f"{unreadable}: extract reads files, folders and addresses of http and https")
    if url is not None:
        if len(inputs) != 1:
            raise ConfigError("--url goes with one document; --manifest names the addresses of many")
        if not url.startswith(("http://", "https://")) or Path(inputs[0][0]).is_dir():
            raise ConfigError("--url is the http or https address of one document")
        inputs = [(inputs[0][0], url)]
    with explaining(html, explain=explain) as show:
        extract_documents(inputs, chosen, settings, show=show)
