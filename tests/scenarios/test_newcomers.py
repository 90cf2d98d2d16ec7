"""What a newcomer types instead of what is meant is answered by what is meant."""

import re

import pytest

from overair import cli


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["run", "quickstart", "--set", "snr_db=5"], "did you mean link.snr_db?"),
        (["run", "quickstart", "--set", "channel=awgn"], "did you mean link.channel?"),
        (["run", "quickstart", "--set", "learning_rate=0.1"], "did you mean optimizer.learning_rate?"),
        (
            ["run", "quickstart", "--set", "link.channel=tdl", "--set", "link.speed=3"],
            "did you mean link.channel.speed?",
        ),
        (["run", "quickstart", "--set", "link.channel=tdl", "--set", "speed=3"], "did you mean link.channel.speed?"),
        (["run", "nowhere"], "expected a preset or the path of a .toml file, received nowhere; overair list scenarios"),
        (["run", "quickstart", "--processes", "two"], 'expected a whole number, received "two"'),
        (
            ["show", "quickstart"],
            "received a preset; overair run quickstart makes some",
        ),
        (["figure", "quickstar"], "did you mean quickstart?"),
        (["verify", "a.zip"], "name the folder of a run, or one of its files"),
    ],
)
def test_mistakes_lead_to_what_is_meant(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(str(tmp_path))
        try:
            code: object = cli.main(arguments)
        except SystemExit as end:
            code = end.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err and len(err) < 500


def test_presets_are_listed_by_what_help_calls_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "presets"]) == cli.main(["list", "scenarios"]) == 0
    first, second = re.findall(r"scenarios: run one by name\n(?:  .*\n)+", capsys.readouterr().out)
    assert first == second


def test_every_command_says_what_it_does_and_every_argument_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    for command in re.findall(r"^    (\w+)(?: |$)", capsys.readouterr().out, re.M):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        usage, what, *groups = capsys.readouterr().out.split("\n\n")
        assert usage.startswith(f"usage: overair {command}") and re.fullmatch(r"[A-Z].+\.", what, re.DOTALL)
        for line in re.findall(r"^  (?:-|[A-Z]).*\n(?!   )", "\n\n".join(groups).partition("\nexamples:")[0], re.M):
            assert re.search(r"\S  +\S", line), line  # a help beside it, or in the next line
