"""Compare all pins with published advisories: `make audit`. Where no database can be reached, it says so.

Ends with 1 where a pin is affected. What follows the command goes to pip-audit, such as --ignore-vuln ID.
"""

import json
import subprocess
import sys
from pathlib import Path

from hygiene import ROOT

LISTS = ["requirements.txt", "requirements-dev.txt"]


def main():
    command = [Path(sys.executable).with_name("pip-audit"), *(word for name in LISTS for word in ("-r", name))]
    command += ["--require-hashes", "--disable-pip", "--vulnerability-service=osv", "--timeout=30"]
    command += ["--format=json", "--progress-spinner=off", *sys.argv[1:]]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    try:
        pins = json.loads(result.stdout)["dependencies"]
    except ValueError:
        if "ConnectionError" not in result.stderr:
            sys.exit(result.stderr)
        print("No database of advisories can be reached from here: the pins were NOT compared with any.")
        return
    affected = [(pin, advisory) for pin in pins for advisory in pin.get("vulns", [])]
    for pin, advisory in affected:
        mended = ", ".join(advisory["fix_versions"]) or "no version yet"
        print(f"{pin['name']} {pin['version']}: {advisory['id']}, mended in {mended}: {advisory['description'][:200]}")
    compared = [pin for pin in pins if "skip_reason" not in pin]
    print(f"{len(compared)} of {len(pins)} pins were compared; {len(affected)} advisories concern them.")
    sys.exit(1 if affected else 0)


if __name__ == "__main__":
    main()
