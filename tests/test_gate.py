"""Who is let in to a server of ours: by the name it is asked under, by the page that asks, by its password."""

from __future__ import annotations

import asyncio
import os
import stat

import httpx
import pytest
from starlette.responses import PlainTextResponse

from config.errors import ConfigError
from config.settings import load_settings
from flows.scheduling.gate import ALL_ADDRESSES, Gate
from flows.scheduling.local_server import serving
from flows.scheduling.password import (
    API,
    CLIENT,
    SERVER,
    PasswordError,
    open_home,
    own_password,
    set_client_password,
    set_passwords,
)
from flows.scheduling.server_checks import ServeError, open_listener


def answer(names, host: str, *origins: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        wire = httpx.ASGITransport(Gate.of(PlainTextResponse("let in"), names))
        async with httpx.AsyncClient(transport=wire) as client:
            headers = [("Host", host), *(("Origin", origin) for origin in origins)]
            return await client.get("http://127.0.0.1:4200/", headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost", "LOCALHOST:4200", "[::1]:4200", "News.example:80"])
def test_a_server_answers_by_its_own_names(host):
    assert answer(["news.example"], host).text == "let in"
    assert answer(["news.example"], host, f"http://{host}").text == "let in"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:4200",
        "evil@127.0.0.1",
        "127.0.0.1:no",
        "127.0.0.1/evil",
        "0.0.0.0:4200",
        "10.0.0.9",
        "[",
        "",
    ],
)
def test_a_server_answers_by_no_other_name(host):
    refused = answer(["news.example"], host)
    assert refused.status_code == 421
    assert "add its name to server_hosts" in refused.text


def test_a_server_on_all_addresses_answers_by_addresses_and_still_by_no_other_name():
    for everywhere in ALL_ADDRESSES:
        assert answer([everywhere], "10.0.0.9:4200", "http://10.0.0.9:4200").text == "let in"
        assert answer([everywhere], "[fd00::9]:4200").text == "let in"
        assert answer([everywhere], "evil.example").status_code == 421
        assert answer([everywhere], "10.0.0.9:4200", "http://10.0.0.8:4200").status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:8000", "http://localhost:4200", "file://127.0.0.1:4200", ""],
)
def test_only_the_servers_own_page_may_ask(origin):
    assert answer([], "127.0.0.1:4200", origin).status_code == 403
    assert answer(["127.0.0.1", "localhost"], "127.0.0.1:4200", origin).status_code == 403
    assert answer([], "127.0.0.1:4200", "http://127.0.0.1:4200", origin).status_code == 403


def test_a_page_under_a_name_that_the_server_was_given_may_ask_through_a_proxy():
    assert answer(["news.example"], "127.0.0.1:4200", "https://news.example").text == "let in"


def test_a_page_is_shown_in_no_frame():
    assert "frame-ancestors 'none'" in answer([], "localhost").headers["Content-Security-Policy"]


def test_server_hosts_is_a_list_or_a_line(tmp_path, monkeypatch):
    (tmp_path / "copydesk.toml").write_text('server_hosts = ["news.example"]\n')
    assert load_settings(tmp_path).server_hosts == ("news.example",)
    monkeypatch.setenv("COPYDESK_SERVER_HOSTS", "server, news.example")
    assert load_settings(tmp_path).server_hosts == ("server", "news.example")
    monkeypatch.setenv("COPYDESK_SERVER_HOSTS", "https://news.example")
    with pytest.raises(ConfigError, match="server_hosts"):
        load_settings(tmp_path)


def test_a_password_is_made_once_and_is_its_owners_alone(tmp_path):
    home = tmp_path / "data" / ".prefect"
    before = os.umask(0)
    try:
        open_home(home)
        password = own_password(home)
    finally:
        os.umask(before)
    assert own_password(home) == password
    assert len(password) > 40
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home, home / "password")] == [0o700, 0o600]
    assert [path.name for path in home.iterdir()] == ["password"]


def test_a_folder_that_was_open_is_shut(tmp_path):
    home = tmp_path / ".prefect"
    home.mkdir(mode=0o755)
    with serving(home):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_password_that_others_may_know_is_refused_with_a_cure_that_works(tmp_path):
    first, path = own_password(tmp_path), tmp_path / "password"
    path.chmod(0o640)
    with pytest.raises(PasswordError, match=f"other users may read the password in {path}; delete it") as error:
        own_password(tmp_path)
    assert first not in str(error.value)
    path.unlink()
    assert own_password(tmp_path) != first


def test_a_password_elsewhere_or_none_is_refused(tmp_path):
    (tmp_path / "password").touch(mode=0o600)
    with pytest.raises(PasswordError, match="no password is in"):
        own_password(tmp_path)
    (tmp_path / "password").unlink()
    (tmp_path / "other").write_text("copydesk:known")
    (tmp_path / "password").symlink_to(tmp_path / "other")
    with pytest.raises(PasswordError, match="cannot read the password"):
        own_password(tmp_path)


@pytest.mark.parametrize("variable", [CLIENT, SERVER])
def test_the_users_own_password_is_taken_for_both(tmp_path, variable):
    environment = {variable: "desk:word"}
    assert set_passwords(environment, tmp_path) == f"the value of {variable}"
    assert environment == {CLIENT: "desk:word", SERVER: "desk:word"}
    assert not (tmp_path / "password").exists()


def test_two_passwords_that_differ_are_refused(tmp_path):
    with pytest.raises(PasswordError, match="differ") as error:
        set_passwords({CLIENT: "desk:one", SERVER: "desk:two"}, tmp_path)
    assert "desk" not in str(error.value)


def test_a_client_sends_the_password_to_no_other_server(tmp_path):
    own = own_password(tmp_path)
    here = {API: "http://127.0.0.1:4200/api/"}
    set_client_password(here, tmp_path)
    assert CLIENT not in here, "nothing is served"
    (tmp_path / "server.url").write_text("http://127.0.0.1:4200/api")
    set_client_password(here, tmp_path)
    assert here[CLIENT] == own
    for elsewhere in (
        {API: "http://10.0.0.5:4200/api"},
        {},
        {API: "http://127.0.0.1:4200/api", "PREFECT_API_KEY": "k"},
    ):
        set_client_password(elsewhere, tmp_path)
        assert CLIENT not in elsewhere


def test_a_port_is_held_from_the_first_look_on():
    with open_listener("127.0.0.1", 0, "--port") as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServeError, match=f"cannot listen at 127.0.0.1:{port}: address already in use"):
            open_listener("127.0.0.1", port, "--port")
