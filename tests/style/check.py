#!/usr/bin/env python3
"""Holds the repository to its own rules: the room table, sizes, names, formatting marks.

Run from anywhere: tests/style/check.py. Prints each violation as file:line: text, and a closing line
'N passed, N failed' that counts the rules.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 600
FORBIDDEN_NAMES = re.compile(r"(^|[/_])(utils?|common|helpers?|managers?)([/_.]|$)")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(suffixes) and (ROOT / name).is_file()]


def room_table() -> dict[str, set[str]]:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    block = re.search(r"```rooms\n(.*?)```", text, re.S)
    if block is None:
        sys.exit("ARCHITECTURE.md has no ```rooms table")
    table = {}
    for line in block.group(1).splitlines():
        room, _, deps = line.partition("->")
        table[room.strip()] = set(deps.split())
    return table


def rooms_only_look_up() -> list[str]:
    """An include from a room names that room or one on its line; a line names only rooms above it."""
    table = room_table()
    problems = []
    seen: set[str] = set()
    for room, deps in table.items():
        for dep in deps - seen:
            problems.append(f"ARCHITECTURE.md: {room} names {dep}, which is not above it")
        seen.add(room)
    for path in tracked(".h", ".cc"):
        parts = path.relative_to(ROOT).parts
        if parts[0] != "src" or len(parts) < 3:
            continue
        room = parts[1]
        if room not in table:
            problems.append(f"{path.relative_to(ROOT)}:1: room {room} is not in ARCHITECTURE.md")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match is None:
                continue
            target = match.group(1).split("/")[0]
            if target != room and target not in table[room]:
                problems.append(f"{path.relative_to(ROOT)}:{number}: {room} may not include {match.group(1)}")
    return problems


def files_fit_a_sitting() -> list[str]:
    problems = []
    for path in tracked(".h", ".cc", ".py"):
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES_MAX:
            problems.append(f"{path.relative_to(ROOT)}:{lines}: longer than {FILE_LINES_MAX} lines: split it by job")
    return problems


def names_say_what_they_hold() -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:1: the name says nothing (util, common, helper, manager)"
        for path in tracked(".h", ".cc", ".py", ".tf")
        if FORBIDDEN_NAMES.search(str(path.relative_to(ROOT)).lower())
    ]


def headers_say_their_purpose() -> list[str]:
    problems = []
    for path in tracked(".h"):
        text = path.read_text()
        if not text.startswith("#pragma once\n"):
            problems.append(f"{path.relative_to(ROOT)}:1: does not start with #pragma once")
        elif "///" not in text:
            problems.append(f"{path.relative_to(ROOT)}:1: a header states its purpose in a /// comment")
    return problems


def tests_do_not_sleep() -> list[str]:
    pattern = re.compile(r"sleep_for|sleep_until|\busleep\(|\bsleep\(|GTEST_SKIP|DISABLED_")
    problems = []
    for path in tracked("_test.cc"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if pattern.search(line):
                problems.append(f"{path.relative_to(ROOT)}:{number}: tests wait for conditions; none is switched off")
    return problems


def time_and_chance_are_injected() -> list[str]:
    """now(), rand() and getenv() stand only where the process meets the system."""
    pattern = re.compile(r"system_clock::now|steady_clock::now|\brand\(\)|random_device|\bgetenv\(|\btime\(nullptr\)")
    allowed = ("src/core/clock.cc", "src/core/random.cc", "src/server/", "src/cli/", "src/main.cc", "bench/", "tests/")
    problems = []
    for path in tracked(".h", ".cc"):
        name = str(path.relative_to(ROOT))
        if name.startswith(allowed) or name.endswith("_test.cc"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if pattern.search(line.split("//")[0]):
                problems.append(f"{name}:{number}: inject Clock or Random, pass settings in")
    return problems


def every_room_has_a_readme() -> list[str]:
    return [
        f"src/{room}: no README.md"
        for room in room_table()
        if (ROOT / "src" / room).is_dir() and not (ROOT / "src" / room / "README.md").is_file()
    ]


def links_lead_somewhere() -> list[str]:
    link = re.compile(r"\]\(([^)#:\s]+)(#[^)]*)?\)")
    problems = []
    for path in tracked(".md"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in link.finditer(line):
                if not (path.parent / match.group(1)).exists():
                    problems.append(f"{path.relative_to(ROOT)}:{number}: no such file: {match.group(1)}")
    return problems


RULES = [
    rooms_only_look_up,
    files_fit_a_sitting,
    names_say_what_they_hold,
    headers_say_their_purpose,
    tests_do_not_sleep,
    time_and_chance_are_injected,
    every_room_has_a_readme,
    links_lead_somewhere,
]


def main() -> int:
    failed = 0
    for rule in RULES:
        problems = rule()
        failed += bool(problems)
        print(f"{'FAIL' if problems else 'ok  '} {rule.__name__}")
        for problem in problems:
            print(f"     {problem}")
    print(f"style: {len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
