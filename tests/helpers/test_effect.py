"""What a call seems to do by its words: write, wait or read."""

import pytest

from loopwatch.attributes import ToolArgumentsEffect
from loopwatch.canonical import class_of, normalise
from loopwatch.effect import asks_for_state, begins_with_reading, effect_of, has_write_verb

WRITE, WAIT, READ = ToolArgumentsEffect.WRITE, ToolArgumentsEffect.WAIT, ToolArgumentsEffect.READ


def _effect(arguments: object) -> ToolArgumentsEffect | None:
    normal = normalise(arguments)
    return effect_of(normal, class_of(normal))


@pytest.mark.parametrize(
    "command",
    [
        "echo x > notes.txt",
        "cat a.txt >> b.txt",
        "sed -i 's/a/b/' main.c",
        "make | tee log.txt",
        "cat <<'EOF' | sh",
        "rm -rf build",
        "cd /srv && sudo mv a b",
        "GIT commit -am fix",
        "pip install numpy",
        "vim -c ':%s/a/b/' -c ':wq' main.c",
        "perl -pi -e 's/a/b/' main.c",
        "python -c \"open('a', 'w').write('x')\"",
        "path.write_text(body)",
        "with path.open('w') as file: file.print(1)",
        "UPDATE users SET name = 'x'",
    ],
)
def test_a_command_that_changes_something_writes(command: str) -> None:
    """Redirections, editing tools, version control, installers, opened files and SQL, in any case."""
    assert _effect({"command": command}) is WRITE


@pytest.mark.parametrize(
    "command",
    [
        "grep -rn todo src | head",
        "make 2>&1 | tail -5",
        "ls > /dev/null",
        "git log --oneline",
        "if x >= 3: print(term )",
        "print(open('a').read())",
        "SELECT name FROM users",
    ],
)
def test_a_command_that_only_looks_reads(command: str) -> None:
    """What is thrown away or only compared changes nothing."""
    assert _effect({"command": command}) is READ


@pytest.mark.parametrize("arguments", [{"command": "sleep 5"}, {"cmd": " WAIT 10s "}, "sleep"])
def test_a_command_that_lets_time_pass_waits(arguments: object) -> None:
    """Nothing but the waiting: a command after it makes it another call."""
    assert _effect(arguments) is WAIT
    assert _effect({"command": "sleep 5; ls | wc -l"}) is READ


def test_arguments_without_a_command_say_nothing_but_by_a_verb() -> None:
    """An action tells; a field of any other name does not, nor does prose about writing."""
    assert _effect({"action": "send", "text": "ping"}) is WRITE
    assert _effect({"query": "how to update and delete rows"}) is None
    assert _effect({}) is None
    assert _effect("") is None


def test_a_verb_in_a_name_is_a_word_of_its_own() -> None:
    """In any spelling of names, and never as a part of another word."""
    assert [has_write_verb(name) for name in ("send_mail", "createIssue", "sender", "list_updates")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_look_at_a_state_is_told_by_the_end_of_its_name() -> None:
    """Whatever goes on is named before it."""
    assert asks_for_state("install_status")
    assert asks_for_state("getUploadState")
    assert not asks_for_state("state_update")
    assert not asks_for_state("")


def test_a_name_that_begins_with_reading_is_known() -> None:
    """In any case and behind the name of a server; elsewhere the word says what is done to what."""
    for name in ("get_head", "getHead", "mcp__github__list_commits", "git.show", "now", "what-time"):
        assert begins_with_reading(name)
    for name in ("pay_now", "notify_list", "run_latest", "target", "getaway", "mcp__get__pay", ""):
        assert not begins_with_reading(name)
