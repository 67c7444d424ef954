"""Settings come from one file and the environment, and are read once."""

from __future__ import annotations

import pytest

from config.errors import ConfigError
from config.settings import PROJECT_CONFIG, load_settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("COPYDESK_DATA", raising=False)
    monkeypatch.delenv("COPYDESK_CONFIG", raising=False)


def test_without_a_file_the_defaults_hold(tmp_path):
    settings = load_settings(tmp_path)
    assert settings.data == "data"
    assert settings.config == PROJECT_CONFIG


def test_paths_in_the_file_are_relative_to_it(tmp_path):
    (tmp_path / "copydesk.toml").write_text('data = "lake"\nconfig = "conf"\nworkers = 3\n')
    settings = load_settings(tmp_path)
    assert settings.data == str(tmp_path / "lake")
    assert settings.config == tmp_path / "conf"
    assert settings.workers == 3


def test_an_address_is_not_a_path(tmp_path):
    (tmp_path / "copydesk.toml").write_text('data = "s3://bucket/news"\n')
    assert load_settings(tmp_path).data == "s3://bucket/news"


def test_the_environment_wins_over_the_file_and_an_option_over_both(tmp_path, monkeypatch):
    (tmp_path / "copydesk.toml").write_text("batch = 10\n")
    monkeypatch.setenv("COPYDESK_BATCH", "20")
    assert load_settings(tmp_path).batch == 20
    assert load_settings(tmp_path, batch=30).batch == 30


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("batch = 0", "key 'batch': must be greater than or equal to 1 (given: 0)"),
        ("bach = 5", "unknown key 'bach', did you mean 'batch'?"),
        ("batch", "not readable as TOML"),
        ('data = "s3://"', "key 'data': not a folder, nor a bucket or host behind one of file://, s3://"),
        ('data = "ftp://host/x"', "key 'data': not a folder, nor a bucket"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, problem):
    (tmp_path / "copydesk.toml").write_text(text)
    with pytest.raises(ConfigError) as failure:
        load_settings(tmp_path)
    assert problem in str(failure.value)
    assert str(tmp_path / "copydesk.toml") in str(failure.value)


def test_a_wrong_variable_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("COPYDESK_WORKERS", "many")
    with pytest.raises(ConfigError, match="COPYDESK_<NAME>: key 'workers'"):
        load_settings(tmp_path)
