#!/usr/bin/env python3
"""Breaks every guard of mutants.toml once and looks whether its test fails.

    tests/mutants/run.py [--work DIR] [--target DIR] [--only WORD] [--find]

The project is copied into DIR/copy. All mutants are put into that copy at once, each behind a switch, so that one build is enough; a
variable of the environment chooses the one that is in force while its test runs. The project itself has no such switch.

A mutant is an expression (`part`, by default all of `before`), or with `statement = true` a statement, that `after` takes the place of.
Where neither fits, `both` is the text that stands for `before`, with MUTANT for the condition.

--find runs all tests of a mutant's area, and says which of them fail: for the name of a test that is not known yet.

The outcome is written to RESULT.md, but for --only and --find. A mutant that survives has a `reason` in the table, or the run fails.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VARIABLE = "EVERCERT_MUTANT"
LONGEST = 60  # seconds; a test that hangs has noticed
SWITCH = """
/// Whether this mutant is in force.
pub(crate) fn mutant(number: usize) -> bool {
    static CHOSEN: std::sync::LazyLock<Option<usize>> =
        std::sync::LazyLock::new(|| std::env::var("VARIABLE").ok()?.parse().ok());
    *CHOSEN == Some(number)
}
""".replace("VARIABLE", VARIABLE)


def table():
    with open(HERE / "mutants.toml", "rb") as file:
        return tomllib.load(file)["mutant"]


def replaced(mutants):
    """What stands for their common `before`."""
    before = mutants[0][1]["before"]
    for number, mutant in mutants:
        if "both" in mutant:
            assert len(mutants) == 1, mutant["name"]
            return mutant["both"].replace("MUTANT", f"crate::mutant({number})")
    if mutants[0][1].get("statement"):
        text = before
        for number, mutant in mutants:
            text = f"if crate::mutant({number}) {{ {mutant['after']} }} else {{ {text} }}"
        return text
    part = mutants[0][1].get("part", before)
    assert before.count(part) == 1, before
    text = part
    for number, mutant in mutants:
        assert mutant.get("part", before) == part, mutant["name"]
        text = f"(if crate::mutant({number}) {{ {mutant['after']} }} else {{ {text} }})"
    return before.replace(part, text)


def apply(copy, mutants):
    groups = {}
    for number, mutant in enumerate(mutants, 1):
        groups.setdefault((mutant["file"], mutant["before"]), []).append((number, mutant))
    for (file, before), group in groups.items():
        path = copy / file
        text = path.read_text()
        if text.count(before) != 1:
            sys.exit(f"{file} has this {text.count(before)} times: {before}")
        path.write_text(text.replace(before, replaced(group)))
    with open(copy / "src/lib.rs", "a") as file:
        file.write(SWITCH)


def copied(work):
    copy = work / "copy"
    if copy.exists():
        shutil.rmtree(copy)
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    for name in map(os.fsdecode, names):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def built(copy, target):
    environment = dict(os.environ, CARGO_TARGET_DIR=str(target), CARGO_PROFILE_DEV_OPT_LEVEL="0")
    out = subprocess.run(
        ["cargo", "test", "--lib", "--no-run", "--message-format=json-render-diagnostics"],
        cwd=copy, env=environment, stdout=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit("the copy with its mutants does not compile")
    for line in out.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "evercert":
            return message["executable"]
    sys.exit("no tests were built")


def kept(binary, work):
    """A copy of the tests: another build with the same target folder would take their place."""
    return shutil.copy2(binary, work / "tests")


def tested(binary, copy, arguments, number=None, longest=LONGEST):
    """The names of the tests that fail; None where they do not end."""
    environment = dict(os.environ, CARGO_MANIFEST_DIR=str(copy))
    if number is not None:
        environment[VARIABLE] = str(number)
    try:
        out = subprocess.run([binary, *arguments], cwd=copy, env=environment, capture_output=True, text=True,
                             timeout=longest)
    except subprocess.TimeoutExpired:
        return None
    lines = out.stdout.splitlines()
    if not any(line.startswith("running ") and not line.startswith("running 0") for line in lines):
        sys.exit(f"there is no test {' '.join(arguments)}")
    failed = [line.split()[1] for line in lines if line.startswith("test ") and line.endswith("FAILED")]
    if out.returncode and not failed:
        failed = ["the process ended"]
    return failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--work", type=pathlib.Path, default=ROOT / "target/mutants")
    arguments.add_argument("--target", type=pathlib.Path)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--find", action="store_true")
    wanted = arguments.parse_args()
    mutants = table()
    wanted.work.mkdir(parents=True, exist_ok=True)
    copy = copied(wanted.work)
    apply(copy, mutants)
    binary = kept(built(copy, (wanted.target or wanted.work / "target").resolve()), wanted.work)
    chosen = [(number, mutant) for number, mutant in enumerate(mutants, 1) if wanted.only in mutant["name"]]

    if wanted.find:
        for number, mutant in chosen:
            failed = tested(binary, copy, mutant["area"].split(), number)
            print(mutant["name"], "hangs" if failed is None else failed or "SURVIVES", flush=True)
        return

    names = sorted({mutant["test"] for _, mutant in chosen if "test" in mutant})
    failed = tested(binary, copy, ["--exact", *names], longest=10 * LONGEST)
    if failed != []:
        sys.exit(f"these fail without any mutant: {failed}")
    rows, unexplained = [], 0
    for number, mutant in chosen:
        failed = [] if "test" not in mutant else tested(binary, copy, ["--exact", mutant["test"]], number)
        outcome = "killed (it hangs)" if failed is None else "killed" if failed else "survived"
        if failed == []:
            reason = mutant.get("reason")
            unexplained += reason is None
            outcome += f": {reason or 'NO REASON'}"
        print(f"{mutant['name']}: {outcome}", flush=True)
        rows.append((mutant, outcome))
    if not wanted.only:
        write(rows)
    if unexplained:
        sys.exit(f"{unexplained} survive without a reason")


def write(rows):
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
    killed = sum(outcome.startswith("killed") for _, outcome in rows)
    lines = [
        "# Every guard broken once",
        "",
        f"Written by `tests/mutants/run.py` on {datetime.date.today()}, on commit {commit.stdout.strip()} or the one that brought this "
        f"table: of {len(rows)} mutants, {killed} are noticed by the test that is named, {len(rows) - killed} survive with their reason.",
        "",
        "| mutant | file | guard | broken | test | outcome |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    quoted = lambda text: "`" + " ".join(text.split()).replace("|", "\\|") + "`" if text.strip() else "nothing"
    for mutant, outcome in rows:
        guard = mutant.get("part", mutant["before"])
        broken = mutant.get("after", mutant.get("both", ""))
        test = mutant.get("test", "").removesuffix("'")
        lines.append(f"| {mutant['name']} | {mutant['file'].removeprefix('src/')} | {quoted(guard)} | {quoted(broken)} | "
                     f"{test.split('::')[-1]} | {outcome} |")
    (HERE / "RESULT.md").write_text("\n".join(lines) + "\n")


main()
