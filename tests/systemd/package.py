#!/usr/bin/env python3
"""Builds a Debian package from what Cargo.toml lists, without cargo-deb: package.py BINARY OUT.deb [VERSION]

The same files at the same places with the same maintainer scripts; what only an archive needs (checksums, computed
dependencies, a compressed changelog) is left out. For tests: what is released is built by `cargo deb`.
"""

import glob
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def place(source, target, mode):
    """Puts one file where it belongs; manual pages are compressed, as cargo-deb does it."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if "/man/" in target:
        target += ".gz"
        with open(source, "rb") as page, gzip.open(target, "wb") as packed:
            shutil.copyfileobj(page, packed)
    else:
        shutil.copyfile(source, target)
    os.chmod(target, int(mode, 8))


def assets(listed, binary):
    """Each file of the list: its source, its place in the package, its mode."""
    for pattern, target, mode in listed:
        if pattern == "target/release/evercert":
            yield binary, target + "evercert", mode
            continue
        found = [path for path in glob.glob(os.path.join(ROOT, pattern), recursive=True) if os.path.isfile(path)]
        if not found:
            sys.exit(f"no file is like {pattern}")
        base = os.path.join(ROOT, pattern.split("*")[0])
        for path in found:
            if not target.endswith("/"):
                yield path, target, mode
            elif "**" in pattern:
                yield path, target + os.path.relpath(path, base), mode
            else:
                yield path, target + os.path.basename(path), mode


def main():
    binary, out = sys.argv[1:3]
    with open(os.path.join(ROOT, "Cargo.toml"), "rb") as file:
        package = tomllib.load(file)["package"]
    deb = package["metadata"]["deb"]
    version = sys.argv[3] if len(sys.argv) > 3 else package["version"]
    depends = ", ".join(part for part in map(str.strip, deb["depends"].split(",")) if part != "$auto")
    with tempfile.TemporaryDirectory() as tree:
        os.chmod(tree, 0o755)
        for source, target, mode in assets(deb["assets"], binary):
            place(source, os.path.join(tree, target), mode)
        subprocess.run(["strip", os.path.join(tree, "usr/bin/evercert")], check=True)
        control = os.path.join(tree, "DEBIAN")
        os.mkdir(control)
        for name in ("postinst", "prerm", "postrm", "templates"):
            place(os.path.join(ROOT, deb["maintainer-scripts"], name), os.path.join(control, name), "755")
        os.chmod(os.path.join(control, "templates"), 0o644)
        architecture = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
        with open(os.path.join(control, "control"), "w", encoding="utf-8") as file:
            file.write(
                f"Package: {package['name']}\nVersion: {version}\nArchitecture: {architecture}\n"
                f"Maintainer: {deb['maintainer']}\nDepends: {depends}\nDescription: {package['description']}\n"
            )
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, out], check=True, stdout=subprocess.DEVNULL)


main()
