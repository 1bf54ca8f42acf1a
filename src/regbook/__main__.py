"""The doctor: `python -m regbook`, or `python src/regbook` where nothing is installed yet."""

import builtins
import sys
from pathlib import Path

if not __package__:
    # Run as a folder or a file: Python then looks beside this file, not for the package itself.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from regbook.doctor import main

well = main()
if not hasattr(builtins, "__IPYTHON__"):  # in a notebook, leaving would look like an error
    sys.exit(0 if well else 1)
