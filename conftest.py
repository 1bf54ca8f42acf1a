"""Before any kernel starts: a progress bar would write to stderr."""

import os

os.environ["TQDM_DISABLE"] = "1"
