"""Compare all pins with published advisories: `make audit`. Where no database can be reached, it says so.

Ends with 1 where a pin is affected, and with REGBOOK_COMPLETE=1 also where nothing could be compared. What follows the
command goes to pip-audit, such as --ignore-vuln ID.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from places import ROOT

LISTS = ["requirements.txt", "requirements-dev.txt"]


def main():
    # Without their conditions: pip-audit would leave out what other systems install.
    lists = "".join((ROOT / name).read_text(encoding="utf-8") for name in LISTS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.txt"
        path.write_text(re.sub(r" ; .* \\$", r" \\", lists, flags=re.MULTILINE), encoding="utf-8")
        result = ask(path)
    try:
        pins = json.loads(result.stdout)["dependencies"]
    except ValueError:
        if "ConnectionError" not in result.stderr:
            sys.exit(result.stderr)
        print("No database of advisories can be reached from here: the pins were NOT compared with any.")
        sys.exit(1 if os.environ.get("REGBOOK_COMPLETE") == "1" else 0)
    affected = [(pin, advisory) for pin in pins for advisory in pin.get("vulns", [])]
    for pin, advisory in affected:
        mended = ", ".join(advisory["fix_versions"]) or "no version yet"
        print(f"{pin['name']} {pin['version']}: {advisory['id']}, mended in {mended}: {advisory['description'][:200]}")
    compared = [pin for pin in pins if "skip_reason" not in pin]
    print(f"{len(compared)} of {len(pins)} pins were compared; {len(affected)} advisories concern them.")
    sys.exit(1 if affected else 0)


def ask(path):
    command = [Path(sys.executable).with_name("pip-audit"), "-r", path, "--require-hashes", "--disable-pip"]
    command += ["--vulnerability-service=osv", "--timeout=30", "--format=json", "--progress-spinner=off", *sys.argv[1:]]
    return subprocess.run(command, capture_output=True, text=True)


if __name__ == "__main__":
    main()
