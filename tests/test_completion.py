"""`overair completion`: each shell, asked as a user's keys ask it, offers what may stand there."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from overair import cli, editors
from overair.figures import _styles
from overair.scenarios import studies
from overair.scenarios.reading.files import presets
from overair.scenarios.reading.sources import FAMILIES

BASH = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _overair; printf "%s\\n" "${COMPREPLY[@]}"'
# words, of which the last is being typed, and what is offered for it
OFFERED: list[tuple[list[str], set[str]]] = [
    (["overair", "sc"], {"schema"}),
    (["overair", "run", "quick"], {"quickstart"}),
    (["overair", "run", "mi"], {"mine.toml"}),
    (["overair", "run", "quickstart", "--o"], {"--out"}),
    (["overair", "run", "quickstart", "--set", "rounds=3", "--processes", "2", "--ret"], {"--retry"}),
    (["overair", "run", "--out", "res"], {"results"}),
    (["overair", "list", "uplin"], {"uplinks"}),
    (["overair", "list", "stud"], {"studies"}),
    (["overair", "list", "random_l"], {"random_linear"}),
    (["overair", "list", "fields", "retr"], {"retrieval"}),
    (["overair", "snr", "--ebno"], {"--ebno", "--ebno-all"}),
    (["overair", "show", "--format", ""], {"png", "pdf", "svg"}),
    (["overair", "show", "--style", "ie"], {"ieee"}),
    (["overair", "show", "res"], {"results"}),
    (["overair", "show", "mine.toml", "mine.toml", "res"], {"results"}),  # several runs
    (["overair", "schema", "--with", "results", "feder"], {"federated"}),
    (["overair", "completion", ""], {"bash", "zsh", "fish"}),
    (["overair", "figure", "--curves", "res"], {"results"}),
    (["overair", "check", "--j"], {"--json"}),
]
IDS = [" ".join(words) for words, _ in OFFERED]


@pytest.fixture
def script(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Of the shell that the test names, in a folder that holds mine.toml and the folder results."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    (tmp_path / "mine.toml").touch()
    (tmp_path / "results").mkdir()
    assert cli.main(["completion", shell]) == 0
    file = tmp_path / f"completion.{shell}"
    file.write_text(capsys.readouterr().out)
    return file


def ran(script: Path, *command: str) -> list[str]:
    done = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def bash(script: Path, words: list[str]) -> set[str]:
    parts = [part for word in words for part in re.split("(=)", word)]  # as bash cuts them
    return set(ran(script, "bash", "--norc", "-c", BASH, "_", str(script), *parts)) - {""}


@pytest.mark.parametrize("script", ["bash"], indirect=True)
def test_bash_offers_what_may_stand_there(script: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, offered in OFFERED:
        assert bash(script, words) == offered, words
    assert bash(script, ["overair", ""]) == commands(capsys) | {"--help", "--version"}
    assert bash(script, ["overair", "run", ""]) >= {*presets(), "mine.toml", "results"}
    assert bash(script, ["overair", "list", ""]) >= {*FAMILIES, "fields", "analog", "tdl"}
    assert bash(script, ["overair", "new", ""]) == set(studies.names())
    assert bash(script, ["overair", "run", "quickstart", ""]) == set()  # one scenario is enough
    assert bash(script, ["overair", "run", "--set", "rounds="]) == set()


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_offers_what_may_stand_there(script: Path) -> None:
    asked = "".join(f"complete -C '{' '.join(words)}'; echo END; " for words, _ in OFFERED)
    told = "\n".join(ran(script, "fish", "--no-config", "-c", f"source {script}; {asked}")).split("END")
    for (words, offered), lines in zip(OFFERED, told[:-1], strict=True):
        assert {line.partition("\t")[0].rstrip("/") for line in lines.split("\n")} - {""} == offered, words


@pytest.mark.parametrize("script", ["zsh"], indirect=True)
def test_zsh_completes_what_may_stand_there(script: Path) -> None:
    shell, keys = pty.openpty()
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "400"}
    with subprocess.Popen(
        ["zsh", "-f", "-i"], stdin=keys, stdout=keys, stderr=keys, cwd=script.parent, env=environment, close_fds=True
    ) as process:
        os.close(keys)
        try:
            answer(shell, f"PROMPT='go''> '; autoload -Uz compinit; compinit -D -u; source {script}\n", "go> ")
            for words, offered in OFFERED:
                line = " ".join(words)
                if len(offered) == 1:  # others are listed beneath, in columns
                    answer(shell, f"{line}\t", f"{' '.join([*words[:-1], *offered])}")
                    answer(shell, "\x15: \n", "go> ")
            assert "random_linear" in answer(shell, "overair list random_l\t", "random_linear")
        finally:
            process.kill()


def answer(shell: int, typed: str, wanted: str) -> str:
    """What the shell writes after some keys, up to what is wanted."""
    os.write(shell, typed.encode())
    told, end = "", time.monotonic() + 20
    while wanted not in told:
        assert time.monotonic() < end, (typed, told)
        if select.select([shell], [], [], 0.1)[0]:
            told += os.read(shell, 65536).decode(errors="replace")
    return told


def commands(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """As help lists them."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = capsys.readouterr().out.partition("COMMAND\n")[2].partition("\noptions:")[0]
    return set(re.findall(r"^    (\w+)", told, re.M))


def test_styles_are_those_of_figures() -> None:
    assert set(editors.STYLES) == set(_styles.STYLES)
