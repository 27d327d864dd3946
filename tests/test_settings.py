"""Reading, refusing and saving settings."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.settings import Baselines, RemoteChannel, Settings, SettingsError, load, parse, save

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    loaded = load(tmp_path / "settings.toml")
    assert loaded.settings == Settings()
    assert loaded.message() is None


def test_that_values_are_read(tmp_path: Path) -> None:
    text = '[watch]\nfolders = ["/a", "~/ñandú"]\n[sampling]\nfast_seconds = 2\n[rules.nan]\nenabled = false\n'
    loaded = parse(text, tmp_path)
    assert loaded.settings.watch.folders == ("/a", "~/ñandú")
    assert loaded.settings.sampling.fast_seconds == 2.0
    assert loaded.settings.rules == {"nan": {"enabled": False}}
    assert loaded.problems == ()


def test_that_baselines_are_read(tmp_path: Path) -> None:
    loaded = parse("[baselines]\ntotal_hours = [1, 1.5]\nepochs = 30\n", tmp_path)
    assert loaded.settings.baselines == Baselines(total_hours=(1.0, 1.5), epochs=30)
    assert all(isinstance(hours, float) for hours in loaded.settings.baselines.total_hours)


def test_that_channels_and_quiet_hours_are_read(tmp_path: Path) -> None:
    text = """
[notifications]
quiet_from = "23:00"
quiet_to = "07:00"
[channels.mail]
url = "keyring:mail"
[channels.phone-2]
url = "ntfy://topic"
severity = "critical"
quiet_hours = false
enabled = false
"""
    loaded = parse(text, tmp_path)
    assert loaded.problems == ()
    assert (loaded.settings.notifications.quiet_from, loaded.settings.notifications.quiet_to) == ("23:00", "07:00")
    assert loaded.settings.channels == {
        "mail": RemoteChannel(url="keyring:mail"),
        "phone-2": RemoteChannel(url="ntfy://topic", severity="critical", quiet_hours=False, enabled=False),
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[channels.mail]\nseverity = "loud"\n', "channels.mail.severity"),
        ('[channels.mail]\nquiet_from = "25:00"\n', "channels.mail.quiet_from"),
        ("[channels.mail]\nurl = 3\n", "channels.mail.url"),
        ("[channels.mail]\nenabled = 1\n", "channels.mail.enabled"),
        ("[channels.mail]\nlimit = 1\n", "channels.mail.limit"),
        ("[channels.dbus]\nenabled = true\n", "channels.dbus"),
        ('[channels."two words"]\nenabled = true\n', "channels.two words"),
        ("[channels]\nmail = 3\n", "channels.mail"),
        ("channels = 3\n", "channels"),
        ('[notifications]\nquiet_from = "7:00"\n', "notifications.quiet_from"),
        ("[notifications]\nquiet_to = 07:00:00\n", "notifications.quiet_to"),
        ("[notifications]\nremote_per_hour = 0\n", "notifications.remote_per_hour"),
    ],
)
def test_that_a_wrong_channel_is_named_and_the_rest_is_used(tmp_path: Path, text: str, key: str) -> None:
    loaded = parse(text + '[appearance]\ntheme = "dark"\n', tmp_path)
    assert [problem.key for problem in loaded.problems] == [key]
    assert loaded.settings.appearance.theme == "dark"


def test_that_a_problem_shows_no_address(tmp_path: Path) -> None:
    loaded = parse('[channels.mail]\nurl = ["mailto://jane:p4ssw0rd@example.org"]\n', tmp_path)
    assert "p4ssw0rd" not in str(loaded.message())


def test_that_a_channel_is_saved_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    save(path, {"channels.mail.url": "keyring:mail", "channels.mail.severity": "info"})
    assert load(path).settings.channels == {"mail": RemoteChannel(url="keyring:mail", severity="info")}


def test_that_a_syntax_error_is_named_with_line_and_key_and_the_defaults_are_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[watch]\nfolders = ["/a"]\n[sampling]\nfast_seconds = = 2\n')
    loaded = load(path)
    assert loaded.settings == Settings()
    message = loaded.message()
    assert message is not None
    assert "line 4" in message
    assert "sampling.fast_seconds" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('# hi\n[appearance]\ntheme = "pink"\n', 3, "appearance.theme"),
        ("[sampling]\n\nfast_seconds = -1\n", 3, "sampling.fast_seconds"),
        ('[sampling]\nfast_seconds = "1"\n', 2, "sampling.fast_seconds"),
        ("[sampling]\ndeadline_seconds = inf\n", 2, "sampling.deadline_seconds"),
        ("[sampling]\nfast_seconds = nan\n", 2, "sampling.fast_seconds"),
        ("[watch]\nfolders = 3\n", 2, "watch.folders"),
        ("[notifications]\nenabled = 1\n", 2, "notifications.enabled"),
        ("[samplng]\nfast_seconds = 1\n", 1, "samplng"),
        ("sampling.slow = 1\n", 1, "sampling.slow"),
        ("[rules]\nnan = 1\n", 1, "rules"),
        ("[baselines]\nepochs = 50.5\n", 2, "baselines.epochs"),
        ("[baselines]\nepochs = 0\n", 2, "baselines.epochs"),
        ("[baselines]\ntotal_hours = 3\n", 2, "baselines.total_hours"),
        ("[baselines]\ntotal_hours = [3, 2]\n", 2, "baselines.total_hours"),
        ("[baselines]\nmemory_gib = [1, 2, 3]\n", 2, "baselines.memory_gib"),
        ("[baselines]\nmemory_gib = [1, true]\n", 2, "baselines.memory_gib"),
        ('[baselines]\nconvergence_epochs = ["a", "b"]\n', 2, "baselines.convergence_epochs"),
    ],
)
def test_that_a_wrong_value_is_named_and_its_neighbours_count(tmp_path: Path, text: str, line: int, key: str) -> None:
    loaded = parse(text + "[targets]\niou = 0.9\n", tmp_path / "settings.toml")
    assert [(problem.line, problem.key) for problem in loaded.problems] == [(line, key)]
    assert loaded.settings.targets.iou == 0.9
    assert loaded.settings.sampling == Settings().sampling


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'theme = "\xe9"'])
def test_that_another_encoding_is_a_problem_and_no_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    assert load(path).settings == Settings()
    assert load(path).message() is not None


@pytest.mark.parametrize(
    "text",
    [f"a = {'[' * 20000}", f"[sampling]\nfast_seconds = {'9' * 5000}\n", '[watch]\nfolders = ["a\\u0000b"]\n'],
)
def test_that_a_hostile_file_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    loaded = load(path)
    assert loaded.settings == Settings()
    assert loaded.message() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in the file system there")
def test_that_a_pipe_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    if sys.platform != "win32":
        os.mkfifo(path)
    assert "is no settings file" in str(load(path).message())


def test_that_saving_keeps_comments_and_other_values(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('# mine\n[watch]\nfolders = ["/a"]  # the lab\n[targets]\niou = 0.8 # high\n')
    save(path, {"watch.folders": ["/a", "/b"], "appearance.theme": "light"})
    text = path.read_text()
    assert "# mine" in text
    assert "# high" in text
    loaded = load(path)
    assert loaded.settings.watch.folders == ("/a", "/b")
    assert loaded.settings.appearance.theme == "light"
    assert loaded.settings.targets.iou == 0.8


def test_that_a_value_where_a_table_should_be_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('appearance = "dark"\n')
    with pytest.raises(SettingsError, match="not a table"):
        save(path, {"appearance.theme": "light"})
    assert path.read_text() == 'appearance = "dark"\n'


def test_that_a_broken_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[watch\n")
    with pytest.raises(SettingsError, match="was not changed"):
        save(path, {"appearance.theme": "light"})
    assert path.read_text() == "[watch\n"


def test_that_a_failed_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[targets]\niou = 0.8\n")

    def full_disk(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(SettingsError, match="No space left"):
        save(path, {"targets.iou": 0.7})
    assert path.read_text() == "[targets]\niou = 0.8\n"
    assert list(tmp_path.iterdir()) == [path]


def test_that_saving_makes_the_folder_on_the_first_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    save(path, {"watch.folders": ["/runs"]})
    assert load(path).settings.watch.folders == ("/runs",)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
class TestLinks:
    def test_that_saving_goes_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "dotfiles").mkdir()
        kept = tmp_path / "dotfiles" / "crackseg.toml"
        kept.write_text("# mine\n")
        path = tmp_path / "settings.toml"
        path.symlink_to("dotfiles/crackseg.toml")
        save(path, {"targets.iou": 0.8})
        assert path.is_symlink()
        assert kept.read_text().startswith("# mine\n")
        assert load(path).settings.targets.iou == 0.8
        assert list(kept.parent.iterdir()) == [kept]

    def test_that_a_link_to_nothing_yet_is_filled(self, tmp_path: Path) -> None:
        path = tmp_path / "settings.toml"
        path.symlink_to(tmp_path / "dotfiles" / "crackseg.toml")
        save(path, {"targets.iou": 0.8})
        assert path.is_symlink()
        assert (tmp_path / "dotfiles" / "crackseg.toml").is_file()

    def test_that_a_link_in_a_circle_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "settings.toml"
        path.symlink_to("settings.toml")
        with pytest.raises(SettingsError, match="was not changed"):
            save(path, {"targets.iou": 0.8})
        assert path.is_symlink()


def test_that_a_value_is_taken_out_with_none(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\n[rules.disk_space]\nlimit = 5\nenabled = true\n\n[rules.nan]\nenabled = false\n")
    save(path, {"rules.disk_space.limit": None, "rules.nan": None, "channels.phone": None})
    assert path.read_text() == "# mine\n[rules.disk_space]\nenabled = true\n\n"
